// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// NewApplicationCredential is one to be made: of the user and the project of a
// session, with the roles that the session has there.
type NewApplicationCredential struct {
	Name        string // of no other of the user's
	Description string
	Secret      string // as Keystone gets it: who chooses it knows what not to print
	ExpiresAt   time.Time
	Rules       []AccessRule // all that it may ask for; at least one
}

// AccessRule is a request that an application credential may make of the
// container infrastructure service.
type AccessRule struct {
	Service string `json:"service"` // the type in the catalog
	Method  string `json:"method"`
	Path    string `json:"path"` // all of it; * is one segment
}

// String is the rule in the words of a request.
func (r AccessRule) String() string { return r.Method + " " + r.Path }

// plainPath are paths in which no access rule could see a wildcard.
var plainPath = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)+$`)
})

// rulePathMax is the longest path that Keystone takes in a rule.
const rulePathMax = 225

// SigningRules allow to read clusters, their templates and CAs, and to have
// certificates signed; nothing else. keystonemiddleware compares the whole path
// of a request, as the service behind a proxy sees it: with what comes before
// /v1 in the catalog, or without it.
func (s *Session) SigningRules() []AccessRule {
	prefixes := []string{"/v1"}
	const longest = "/clustertemplates/*"
	at := strings.TrimSuffix(s.endpoint.EscapedPath(), "/")
	if at != "/v1" && plainPath().MatchString(at) && len(at)+len(longest) <= rulePathMax {
		prefixes = append(prefixes, at)
	}
	var rules []AccessRule
	for _, prefix := range prefixes {
		for _, allowed := range []struct{ method, path string }{
			{http.MethodGet, "/clusters"},
			{http.MethodGet, "/clusters/*"},
			{http.MethodGet, longest},
			{http.MethodGet, "/certificates/*"},
			{http.MethodPost, "/certificates"},
		} {
			rules = append(rules, AccessRule{Service: s.kind, Method: allowed.method, Path: prefix + allowed.path})
		}
	}
	return rules
}

var (
	errNoRules  = errors.New("an application credential without access rules may do all that its user may")
	errNoExpiry = errors.New("an application credential without an end is good for ever")
	errNoSecret = errors.New("an application credential has no secret")
)

// CreateApplicationCredential makes one and returns its id: one request, which
// is never repeated. After an error that is no [*ServiceError] and no
// [*AuthError] it may be there all the same: see
// [Session.FindApplicationCredential]. One that may do more than was asked for is
// a [*LaxError], and its id is returned too. Other errors are those of [Explain];
// none says anything of the secret.
//
// https://docs.openstack.org/api-ref/identity/v3/#create-application-credential
func (s *Session) CreateApplicationCredential(ctx context.Context, c NewApplicationCredential) (id string, err error) {
	switch {
	case len(c.Rules) == 0: // Keystone takes an empty list for none
		return "", errNoRules
	case c.ExpiresAt.IsZero():
		return "", errNoExpiry
	case c.Secret == "":
		return "", errNoSecret
	}
	keystone := s.keystone(c.Secret)
	body := map[string]any{"application_credential": map[string]any{
		"name": c.Name, "description": c.Description, "secret": c.Secret, "unrestricted": false,
		"expires_at": c.ExpiresAt.UTC().Format(gophercloud.RFC3339MilliNoZ), "access_rules": c.Rules,
	}}
	var made struct {
		Credential madeCredential `json:"application_credential"`
	}
	//nolint:bodyclose // gophercloud reads it to the end and closes it
	_, err = keystone.Post(ctx, s.credentialsURL(keystone), body, &made, &gophercloud.RequestOpts{OkCodes: []int{http.StatusCreated}})
	if err != nil {
		return "", Explain(keystoneName, err)
	}
	if !credentialID().MatchString(made.Credential.ID) {
		return "", &BadAnswerError{Service: keystoneName, URL: s.credentialsURL(keystone), Reason: "has no application credential's id"}
	}
	return made.Credential.ID, c.check(made.Credential)
}

// LaxError is an application credential that Keystone made, but not with all of
// the limits that it was asked for.
type LaxError struct{ Missing string }

func (e *LaxError) Error() string {
	return "Keystone made an application credential " + e.Missing + ", though it was asked for one that is limited"
}

// madeCredential is what Keystone says that it has made.
type madeCredential struct {
	ID           string       `json:"id"`
	ExpiresAt    string       `json:"expires_at"`
	Unrestricted bool         `json:"unrestricted"`
	Rules        []AccessRule `json:"access_rules"`
}

// check compares what was made with what was asked for: a Keystone passes over
// what it does not know.
func (c NewApplicationCredential) check(made madeCredential) error {
	// Keystone counts parts of a second, and we do not.
	end, err := time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSuffix(made.ExpiresAt, "Z"))
	switch {
	case made.ExpiresAt == "":
		return &LaxError{Missing: "without an end"}
	case err != nil, end.After(c.ExpiresAt.Add(time.Second)):
		return &LaxError{Missing: "with a later end"}
	case made.Unrestricted:
		return &LaxError{Missing: "that may make others"}
	case len(made.Rules) == 0:
		return &LaxError{Missing: "without access rules"}
	}
	for _, rule := range made.Rules {
		if !slices.Contains(c.Rules, rule) {
			return &LaxError{Missing: "with other access rules"}
		}
	}
	return nil
}

// FindApplicationCredential is the id of the one of that name, "" if there is
// none.
func (s *Session) FindApplicationCredential(ctx context.Context, name string) (id string, err error) {
	keystone := s.keystone("")
	var list struct {
		Credentials []struct {
			ID   string `json:"id"`
			Name string `json:"name"`
		} `json:"application_credentials"`
	}
	at := s.credentialsURL(keystone)
	_, err = keystone.Get(ctx, at+"?"+url.Values{"name": {name}}.Encode(), &list, nil) //nolint:bodyclose // as above
	if err != nil {
		return "", Explain(keystoneName, err)
	}
	for _, c := range list.Credentials {
		if c.Name == name && credentialID().MatchString(c.ID) {
			return c.ID, nil
		}
	}
	return "", nil
}

// DeleteApplicationCredential revokes one of the session's user. That there is
// none is no error.
func (s *Session) DeleteApplicationCredential(ctx context.Context, id string) error {
	if !credentialID().MatchString(id) {
		return fmt.Errorf("%q is no application credential's id", id)
	}
	keystone := s.keystone("")
	_, err := keystone.Delete(ctx, s.credentialsURL(keystone)+"/"+id, nil) //nolint:bodyclose // as above
	err = Explain(keystoneName, err)
	if answer, ok := errors.AsType[*ServiceError](err); ok && answer.Code == http.StatusNotFound && strings.Contains(answer.Detail, id) {
		return nil
	}
	return err
}

// credentialID is the form of ids, which become parts of paths and of commands
// to paste; Keystone's own are 32 hexadecimal digits.
var credentialID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$`)
})

func (s *Session) credentialsURL(keystone *gophercloud.ServiceClient) string {
	return keystone.ServiceURL("users", url.PathEscape(s.UserID), "application_credentials")
}

// Knowing is s that says nothing of a secret either that it may be answered with.
func (s *Session) Knowing(secret string) *Session {
	l := *s.cloud.login
	l.secrets = append(slices.Clone(l.secrets), secret)
	knowing := *s
	knowing.cloud.login = &l
	return &knowing
}

// keystone is Keystone's client with the session's token. Whatever it is
// answered, no error says anything of more.
func (s *Session) keystone(more string) *gophercloud.ServiceClient {
	p := s.cloud.provider(s.userAgent, more)
	p.SetToken(s.provider.Token())
	return &gophercloud.ServiceClient{ProviderClient: p, Endpoint: s.cloud.AuthURL + "/"}
}

// As is c with an application credential for a login, in place of its own.
func (c Cloud) As(id, secret string) Cloud {
	l := *c.login
	l.command = nil
	l.auth = gophercloud.AuthOptions{ApplicationCredentialID: id, ApplicationCredentialSecret: secret}
	l.secrets = append(slices.Clone(l.secrets), secret)
	c.login, c.Method = &l, methodApplicationCredential
	return c
}
