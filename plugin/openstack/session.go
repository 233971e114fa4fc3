// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// Session is a login to a cloud. It is not renewed: when its token has expired,
// requests end with an [*AuthError]. It may be used concurrently.
type Session struct {
	UserID      string
	UserName    string
	ProjectID   string // "" if the token is for no project
	ProjectName string
	ExpiresAt   time.Time // of the token

	// Account is whose the login is, as Keystone has it.
	Account Account

	cloud     Cloud
	userAgent string
	provider  *gophercloud.ProviderClient
	endpoint  *url.URL
	kind      string // of the endpoint's service, as the catalog has it
	missing   error  // why there is no endpoint
	verified  bool
}

// keystoneName is what errors call Keystone.
const keystoneName = "Keystone"

// grant is what Keystone says about a token.
//
// https://docs.openstack.org/api-ref/identity/v3/#password-authentication-with-scoped-authorization
type grant struct {
	User      tokens.User           `json:"user"`
	Project   tokens.Project        `json:"project"`
	ExpiresAt instant               `json:"expires_at"`
	Catalog   []tokens.CatalogEntry `json:"catalog"`
}

// instant is a time as Keystone writes it: with a Z, but for the end of a token
// that an application credential's end is the end of.
type instant struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (i *instant) UnmarshalJSON(data []byte) error {
	if text := string(data); len(text) > 2 && !strings.HasSuffix(text, `Z"`) {
		if t, err := time.Parse(`"2006-01-02T15:04:05.999999999"`, text); err == nil {
			i.Time = t
			return nil
		}
	}
	return i.Time.UnmarshalJSON(data)
}

// Connect logs in with one request: POST /v3/auth/tokens, or, for a token that
// is to be used as it is as no project is named, GET /v3/auth/tokens. userAgent
// is for the services' logs, such as "kubectl-magnum/1.2.3".
//
// A token command is run before that; its token goes nowhere that is not verified.
//
// Errors are those of [Explain], with the cloud in an [*AuthError]; of a token
// command [*TokenCommandError] and [*UnverifiedError].
func (c Cloud) Connect(ctx context.Context, userAgent string) (*Session, error) {
	c, err := c.fetched(ctx)
	if err != nil {
		return nil, err
	}
	s := &Session{cloud: c, userAgent: userAgent, provider: c.provider(userAgent)}
	granted, err := c.token(ctx, s.provider)
	if err != nil {
		return nil, c.refused(err)
	}
	s.UserID, s.UserName = granted.User.ID, granted.User.Name
	s.ProjectID, s.ProjectName = granted.Project.ID, granted.Project.Name
	s.ExpiresAt, s.Account = granted.ExpiresAt.Time, c.account(granted)
	known := append(slices.Clone(c.login.secrets), s.provider.TokenID)
	s.endpoint, s.kind, s.missing = c.containerInfra(granted.Catalog, known)
	s.verified = s.missing == nil && c.verified(s.endpoint)
	if c.login.command != nil && s.missing == nil && !s.verified {
		return nil, &UnverifiedError{Cloud: c.Name}
	}
	return s, nil
}

// account is whose a token is.
func (c Cloud) account(g grant) Account {
	return Account{
		Cloud: c.Name, AuthURL: c.AuthURL,
		UserID: g.User.ID, UserName: g.User.Name, UserDomainID: g.User.Domain.ID, UserDomainName: g.User.Domain.Name,
		ProjectID: g.Project.ID, ProjectName: g.Project.Name, ProjectDomainID: g.Project.Domain.ID, ProjectDomainName: g.Project.Domain.Name,
	}
}

// refused explains a failed login and puts into an [*AuthError] what was refused.
func (c Cloud) refused(err error) error {
	if answer, ok := errors.AsType[*statusError](err); ok && !answer.page && c.refuses(answer.code) {
		answer.code = http.StatusUnauthorized
	}
	err = Explain(keystoneName, err)
	if refused, ok := errors.AsType[*AuthError](err); ok {
		refused.Cloud, refused.AuthURL, refused.Method, refused.Kept = c.Name, c.AuthURL, c.Method, c.Kept
	}
	return err
}

// refuses says whether Keystone refuses a login with that status, unless it is of
// a page, which says that the place is wrong or that something before Keystone
// refuses.
func (c Cloud) refuses(code int) bool {
	switch code {
	case http.StatusNotFound: // the token or application credential is not there any more
		return c.Method != methodPassword
	case http.StatusForbidden: // a trust is for somebody else, or a token for no other
		return true
	}
	return false
}

// provider sends nothing yet. What it is answered never gets into an error with
// a secret of the login's in it, or with one of more.
func (c Cloud) provider(userAgent string, more ...string) *gophercloud.ProviderClient {
	p := &gophercloud.ProviderClient{IdentityBase: c.AuthURL + "/"}
	p.UseTokenLock()
	p.UserAgent.Prepend(userAgent)
	p.HTTPClient = http.Client{
		Transport: &guard{
			base: c.login.transport, secrets: append(slices.Clone(c.login.secrets), more...), now: c.login.now, limit: c.login.limit,
			carries: c.carries(), debug: c.login.debug,
		},
	}
	return p
}

// token gets a token and puts it into p.
func (c Cloud) token(ctx context.Context, p *gophercloud.ProviderClient) (grant, error) {
	keystone := &gophercloud.ServiceClient{ProviderClient: p, Endpoint: c.AuthURL + "/"}
	var answer gophercloud.Result
	auth := c.login.auth // copied: gophercloud writes to it
	if auth.TokenID != "" && *auth.Scope == (gophercloud.AuthScope{}) {
		p.TokenID = auth.TokenID
		answer = tokens.Get(ctx, keystone, auth.TokenID).Result
	} else {
		answer = tokens.Create(ctx, keystone, &auth).Result
	}
	if answer.Err != nil {
		return grant{}, answer.Err
	}
	if p.TokenID == "" {
		p.TokenID = answer.Header.Get("X-Subject-Token")
	}
	var body struct {
		Token grant `json:"token"`
	}
	if err := answer.ExtractInto(&body); err != nil {
		return grant{}, &BadAnswerError{URL: c.AuthURL, Reason: "does not describe a token"}
	}
	if p.TokenID == "" {
		return grant{}, &BadAnswerError{URL: c.AuthURL, Reason: "has no X-Subject-Token"}
	}
	if body.Token.User.ID == "" {
		return grant{}, &BadAnswerError{URL: c.AuthURL, Reason: "does not say whose the token is"}
	}
	return body.Token, nil
}

func (c Cloud) verified(endpoint *url.URL) bool {
	keystone, err := url.Parse(c.AuthURL)
	return err == nil && private(keystone) && private(endpoint) && !c.Insecure
}

// ContainerInfra is the client of the container infrastructure service, without
// a microversion. It makes no request. The error is a [*NoEndpointError], or a
// [*BadAnswerError] if the catalog's endpoint is no use.
func (s *Session) ContainerInfra() (*gophercloud.ServiceClient, error) {
	if s.missing != nil {
		return nil, s.missing
	}
	return &gophercloud.ServiceClient{
		ProviderClient: s.provider,
		Endpoint:       s.endpoint.String(),
		Type:           containerInfraTypes[0],
	}, nil
}

// Token is the token that Keystone gave, good until ExpiresAt. Whoever gets it
// has the rights of the login.
func (s *Session) Token() string { return s.provider.Token() }

// Verified says whether what the services answer is known to come from them:
// false over http, except to this machine, and with verify: false. A CA must
// never be changed on the word of a session that is not verified.
func (s *Session) Verified() bool { return s.verified }
