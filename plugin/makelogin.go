// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// LoginMin and LoginMax bound how long a kept login is good.
const (
	LoginMin = time.Hour
	LoginMax = 366 * 24 * time.Hour
)

// UndoTime is how long it takes at most, from an interruption on, to take back
// what was made.
const UndoTime = makeTime + deleteTime

const (
	makeTime   = 5 * time.Second  // for Keystone to say what it has made
	deleteTime = 10 * time.Second // to find and delete it
	findings   = 2                // times that what may be there is looked for
	findPause  = 500 * time.Millisecond
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
	Left           *LeftError // the former one, if it could not be revoked
	Unverified     bool       // the servers are not known to be who they say
}

// LoginStoreError means that there is no keyring to keep the secret in. Nothing
// was made.
type LoginStoreError struct{ Err error }

func (e *LoginStoreError) Error() string {
	return "there is no keyring that keeps a secret: " + e.Err.Error()
}
func (e *LoginStoreError) Unwrap() error { return e.Err }

// RulesRefusedError is a Magnum that takes no application credential with access
// rules.
type RulesRefusedError struct{ Err error }

func (e *RulesRefusedError) Error() string {
	return "this cloud's Magnum takes no application credential with access rules, so that none is kept: " + e.Err.Error()
}
func (e *RulesRefusedError) Unwrap() error { return e.Err }

// MayNotDelegateError is a login that Keystone makes no application credential
// for: one by an application credential, or a trust.
type MayNotDelegateError struct{ Err error }

func (e *MayNotDelegateError) Error() string {
	return "with this login Keystone makes no application credential: " + e.Err.Error()
}
func (e *MayNotDelegateError) Unwrap() error { return e.Err }

// LeftError is an application credential that is left at Keystone though nobody
// needs it.
type LeftError struct {
	Cloud string // "" for OS_* variables
	ID    string // or its name, if the id is not known
	Err   error  // why
	Cause error  // of all; nil if there is none
}

func (e *LeftError) Error() string {
	text := fmt.Sprintf("the application credential %s is left: %v", e.ID, e.Err)
	switch {
	case errors.Is(e.Cause, context.Canceled):
		return "interrupted; " + text
	case e.Cause != nil:
		return e.Cause.Error() + "; " + text
	}
	return text
}

func (e *LeftError) Unwrap() []error { return []error{e.Cause, e.Err} }

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
	former := m.former(ctx)
	if err := m.make(ctx); err != nil {
		return nil, err
	}
	if err := m.use(ctx); err != nil {
		return nil, m.undo(ctx, err)
	}
	if err := m.keep(ctx); err != nil {
		return nil, m.undo(ctx, err)
	}
	result := m.result()
	if former != "" && former != m.record.ID {
		p.Progress("revoking the former login")
		if err := m.conn.session.DeleteApplicationCredential(ctx, former); err != nil {
			result.Left = &LeftError{Cloud: result.Cloud, ID: former, Err: err}
		}
	}
	return result, nil
}

// tryStore keeps something in the keyring and takes it away again.
func (m *making) tryStore(ctx context.Context) error {
	if err := m.State.Prepare(); err != nil {
		return &StateError{What: "the login", Err: err}
	}
	if m.Logins == nil {
		return &LoginStoreError{Err: errNoLogins}
	}
	const key = login.Prefix + "probe"
	data := []byte(randomText(32))
	if err := m.Logins.Put(ctx, key, data, time.Minute); err != nil {
		return &LoginStoreError{Err: err}
	}
	got, err := m.Logins.Get(ctx, key)
	_ = m.Logins.Delete(ctx, key) // it is no secret, and the next one takes its place
	if err == nil && !bytes.Equal(got, data) {
		err = errLoses
	}
	if err != nil {
		return &LoginStoreError{Err: err}
	}
	return nil
}

func randomText(size int) string {
	data := make([]byte, size)
	_, _ = rand.Read(data) // which ends the program rather than fail
	return base64.RawURLEncoding.EncodeToString(data)
}

// former is the application credential that is kept for the account already, ""
// if there is none.
func (m *making) former(ctx context.Context) (id string) {
	key := m.account().Key()
	m.before, _ = m.Logins.Get(ctx, key) // without it a failure erases what is there
	if record, err := login.Decode(m.before); err == nil {
		return record.ID
	}
	_, all := m.State.KeptLogins()
	return all[key].ID
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
	case answered && answer.Code < 500, refused:
		return err // nothing was made
	}
	return m.undo(ctx, err)
}

// lasting is ctx that goes on for a while when ctx has ended.
func lasting(ctx context.Context, more time.Duration) (context.Context, context.CancelFunc) {
	on, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = pause(on, more)
		cancel(ctx.Err())
	})
	return on, func() { stop(); cancel(nil) }
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
	var nonce [4]byte
	_, _ = rand.Read(nonce[:])
	return strings.Join(append(words, now.Format("20060102T150405Z"), hex.EncodeToString(nonce[:])), "-")
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

// keep puts the secret into the keyring, and the rest into the state directory.
func (m *making) keep(ctx context.Context) error {
	m.Progress("keeping its secret in the " + m.Logins.Name())
	data, err := m.record.Encode()
	if err != nil {
		return err
	}
	key := m.account().Key()
	if err := m.Logins.Put(ctx, key, data, m.r.Life); err != nil {
		return &LoginStoreError{Err: err}
	}
	a := m.conn.session.Account
	err = m.State.SetKeptLogin(key, state.KeptLogin{
		ID: m.record.ID, Name: m.name, Cloud: a.Cloud, AuthURL: a.AuthURL,
		UserID: a.UserID, UserName: a.UserName, UserDomainID: a.UserDomainID, UserDomainName: a.UserDomainName,
		ProjectID: a.ProjectID, ProjectName: a.ProjectName, ProjectDomainID: a.ProjectDomainID, ProjectDomainName: a.ProjectDomainName,
		Made: m.record.Made, ExpiresAt: m.record.ExpiresAt,
	})
	if err != nil {
		return &StateError{What: "the login", Err: err}
	}
	return nil
}

// undo takes back what was made, though ctx may have ended, and returns cause, or
// what is left and why.
func (m *making) undo(ctx context.Context, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deleteTime)
	defer cancel()
	m.Progress("taking it back")
	m.restore(ctx)
	id, err := m.find(ctx)
	if err == nil && id != "" {
		err = m.conn.session.DeleteApplicationCredential(ctx, id)
	}
	if err == nil {
		return cause
	}
	if id == "" {
		id = m.name
	}
	return &LeftError{Cloud: m.conn.cloud.Name, ID: id, Err: err, Cause: cause}
}

// find is the id of what was made. Where Keystone's answer was lost it may be
// about to make it.
func (m *making) find(ctx context.Context) (id string, err error) {
	id = m.record.ID
	for tries := 0; id == "" && err == nil && tries < findings; tries++ {
		if tries > 0 {
			_ = pause(ctx, findPause)
		}
		id, err = m.conn.session.FindApplicationCredential(ctx, m.name)
	}
	return id, err
}

// restore puts back into the keyring what it had, if that is known to have
// changed.
func (m *making) restore(ctx context.Context) {
	key := m.account().Key()
	switch now, err := m.Logins.Get(ctx, key); {
	case err != nil || bytes.Equal(now, m.before):
	case m.before != nil:
		_ = m.Logins.Put(ctx, key, m.before, m.r.Life) // without it somebody has to log in anew
	default:
		_ = m.Logins.Delete(ctx, key) // what it is the secret of is about to go
	}
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
