// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// LoginMin and LoginMax bound how long a kept login is good.
const (
	LoginMin = time.Hour
	LoginMax = 366 * 24 * time.Hour
)

// LoginRequest says what login shall make.
type LoginRequest struct {
	Life time.Duration // of the application credential
	Host string        // this machine, for its name
}

// LoginResult is the login that is kept.
type LoginResult struct {
	Cloud, AuthURL string // Cloud is "" for OS_* variables
	User, Project  string // names
	Name, ID       string // of the application credential
	ExpiresAt      time.Time
	Rules          []string // all that it may ask for, each a method and a path
	Clusters       int      // that it has seen
	Store          string
	Left           []*LeftError // former ones that could not be revoked
	Unverified     bool         // the servers are not known to be who they say
}

var (
	errNoLogins  = errors.New("none is used")
	errLoses     = errors.New("it does not give back what it was given")
	errOtherUser = errors.New("the application credential logs in as somebody else")
)

// making is a login on its way.
type making struct {
	*Plugin
	r      LoginRequest
	conn   *connection
	record login.Record
	name   string
	rules  []openstack.AccessRule
	seen   int    // clusters
	before []byte // what the keyring has of a former login
}

// Login makes an application credential that always expires and may only read
// clusters and CAs and have certificates signed, tries it on Magnum, and keeps
// its secret in p.Logins. A former one of the same user for the same project is
// revoked then. That there is a place to keep it is tried before anything is
// asked for or made; whatever fails later, or ends ctx, takes back what was made,
// for UndoTime at most.
func (p *Plugin) Login(ctx context.Context, r LoginRequest) (*LoginResult, error) {
	m := &making{Plugin: p, r: r}
	if err := m.tryStore(ctx); err != nil {
		return nil, err
	}
	var err error
	if m.conn, err = p.connectBy(ctx, p.Cloud, nil); err != nil {
		return nil, err
	}
	if err := m.make(ctx); err != nil {
		return nil, err
	}
	if err := m.use(ctx); err != nil {
		return nil, m.undo(ctx, err)
	}
	return m.replace(ctx)
}

// tryStore keeps something in the keyring and takes it away again.
func (m *making) tryStore(ctx context.Context) error {
	if err := m.State.Prepare(); err != nil {
		return &StateError{What: "the login", Err: err}
	}
	if m.Logins == nil {
		return &LoginStoreError{Err: errNoLogins}
	}
	if err := m.tryKeyring(ctx); err != nil {
		return &LoginStoreError{Err: err}
	}
	return nil
}

// tryKeyring does so under a name that no other login uses. What cannot be erased
// is left for logout --all, and no login is kept there: it could not be ended.
func (m *making) tryKeyring(ctx context.Context) error {
	key := login.Prefix + "probe-" + randomHex(8)
	data := []byte(randomText(32))
	err := m.Logins.Put(ctx, key, data, time.Minute)
	var got []byte
	if err == nil {
		got, err = m.Logins.Get(ctx, key)
	}
	if err == nil && !bytes.Equal(got, data) {
		err = errLoses
	}
	erasing, cancel := lasting(ctx, restoreTime)
	defer cancel()
	if erased := m.Logins.Delete(erasing, key); err == nil {
		err = erased
	}
	return err
}

func randomText(size int) string {
	data := make([]byte, size)
	_, _ = rand.Read(data) // which ends the program rather than fail
	return base64.RawURLEncoding.EncodeToString(data)
}

func randomHex(size int) string {
	data := make([]byte, size)
	_, _ = rand.Read(data) // likewise
	return hex.EncodeToString(data)
}

func (m *making) account() login.Account {
	a := m.conn.session.Account
	return login.Account{AuthURL: a.AuthURL, UserID: a.UserID, ProjectID: a.ProjectID}
}

// make has Keystone make the application credential.
func (m *making) make(ctx context.Context) error {
	now, cloud := m.Now().UTC().Truncate(time.Second), m.conn.cloud
	m.name, m.rules = credentialName(m.r.Host, cloud.Name, now), m.conn.session.SigningRules()
	m.record = login.Record{
		Account: m.account(), Secret: randomText(32), Made: now, ExpiresAt: now.Add(m.r.Life).Truncate(time.Second),
		TLS: cloud.TLS, Region: cloud.Region, Interface: cloud.Interface, Endpoint: cloud.Endpoint,
	}
	m.conn.session = m.conn.session.Knowing(m.record.Secret)
	m.Progress("making an application credential")
	waiting, cancel := lasting(ctx, makeTime)
	defer cancel()
	var err error
	m.record.ID, err = m.conn.session.CreateApplicationCredential(waiting, openstack.NewApplicationCredential{
		Name: m.name, Description: "made by kubectl magnum login: reads clusters and has certificates signed",
		Secret: m.record.Secret, ExpiresAt: m.record.ExpiresAt, Rules: m.rules,
	})
	answer, answered := errors.AsType[*openstack.ServiceError](err)
	_, refused := errors.AsType[*openstack.AuthError](err)
	switch {
	case err == nil:
		return nil
	case answered && answer.Code == 403:
		return &MayNotDelegateError{Err: err}
	case answered && answer.Code < 500 && answer.Code != 408 && answer.Code != 429, refused, isUndialled(err):
		return err // nothing was made
	}
	return m.undo(ctx, err)
}

// isUndialled says whether a server was not even connected to.
func isUndialled(err error) bool {
	failed, ok := errors.AsType[*net.OpError](err)
	return ok && failed.Op == "dial"
}

// credentialName tells machine and cloud, and is of one login alone: what has it
// was made by that one.
func credentialName(host, cloud string, now time.Time) string {
	words := []string{"kubectl-magnum"}
	for _, word := range []string{host, cloud} {
		word = strings.Map(func(r rune) rune {
			if strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", r) {
				return r
			}
			return '_'
		}, word)
		if word != "" {
			words = append(words, word[:min(len(word), 40)])
		}
	}
	return strings.Join(append(words, now.Format("20060102T150405Z"), randomHex(4)), "-")
}

// use logs in by the application credential and asks Magnum for what kubectl
// will: clusters, and the CA of one of the user's.
func (m *making) use(ctx context.Context) error {
	m.Progress("trying it on Magnum")
	session, err := m.conn.cloud.As(m.record.ID, m.record.Secret).Connect(ctx, m.UserAgent)
	if err != nil {
		return err
	}
	if a := session.Account; a.UserID != m.record.UserID || a.ProjectID != m.record.ProjectID {
		return errOtherUser
	}
	service, err := session.ContainerInfra()
	if err != nil {
		return err
	}
	client := magnum.New(service)
	clusters, err := client.Clusters(ctx)
	for _, c := range clusters {
		if c.UserID == session.UserID && c.Status == "CREATE_COMPLETE" {
			_, err = client.CA(ctx, c.UUID, magnum.Kubernetes)
			break
		}
	}
	m.seen = len(clusters)
	_, forbidden := errors.AsType[*magnum.ForbiddenError](err)
	_, none := errors.AsType[*magnum.NoCertificatesError](err)
	switch {
	case isRefusedToken(err):
		return &RulesRefusedError{Err: err}
	case forbidden, none:
		return nil // which is about that cluster
	}
	return err
}

// isRefusedToken says whether a service answered 401.
func isRefusedToken(err error) bool {
	refused, ok := errors.AsType[*openstack.AuthError](err)
	return ok && refused.Method == ""
}

func (m *making) result() *LoginResult {
	a := m.conn.session.Account
	r := &LoginResult{
		Cloud: a.Cloud, AuthURL: a.AuthURL, User: a.UserName, Project: a.ProjectName,
		Name: m.name, ID: m.record.ID, ExpiresAt: m.record.ExpiresAt, Clusters: m.seen, Store: m.Logins.Name(),
		Unverified: !m.conn.session.Verified(),
	}
	for _, rule := range m.rules {
		r.Rules = append(r.Rules, rule.String())
	}
	return r
}
