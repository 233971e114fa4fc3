// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
)

// The body of POST /v3/auth/tokens, as far as it is modelled:
// https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
type authRequest struct {
	Auth *struct {
		Identity *identityRequest `json:"identity"`
		Scope    json.RawMessage  `json:"scope"`
	} `json:"auth"`
}

type identityRequest struct {
	Methods  []string `json:"methods"`
	Password *struct {
		User *userRequest `json:"user"`
	} `json:"password"`
	Token *struct {
		ID string `json:"id"`
	} `json:"token"`
	ApplicationCredential *struct {
		ID     string       `json:"id"`
		Name   string       `json:"name"`
		Secret string       `json:"secret"`
		User   *userRequest `json:"user"`
	} `json:"application_credential"`
}

type userRequest struct {
	reference
	Password string `json:"password"`
}

// reference names something by id, or by name and domain.
type reference struct {
	ID     string           `json:"id"`
	Name   string           `json:"name"`
	Domain *domainReference `json:"domain"`
}

type domainReference struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (d *domainReference) isDefault() bool { return d.ID == domainID || d.Name == domainName }

// logIn answers POST /v3/auth/tokens with a new token.
func (s *Server) logIn(r *http.Request) (token, *refusal) {
	req, refused := readAuth(r)
	if refused != nil {
		return token{}, refused
	}
	t, refused := s.identify(req.Auth.Identity)
	if refused != nil {
		return token{}, refused
	}
	scoped := len(req.Auth.Scope) > 0 && !bytes.Equal(req.Auth.Scope, []byte("null"))
	if t.credential != nil && scoped {
		return token{}, &refusal{
			status: http.StatusUnauthorized, empty: true,
			message: "Error authenticating with application credential: " +
				"Application credentials cannot request a scope.",
		}
	}
	if scoped {
		if t.project, refused = s.scope(t.user, req.Auth.Scope); refused != nil {
			return token{}, refused
		}
	}
	return s.issue(t), nil
}

func readAuth(r *http.Request) (authRequest, *refusal) {
	var req authRequest
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return req, expecting("application/json", "Content-Type header")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || (len(body) > 0 && json.Unmarshal(body, &req) != nil) {
		return req, expecting("valid JSON", "request body")
	}
	if req.Auth == nil {
		return req, expecting("auth", "request body")
	}
	if req.Auth.Identity == nil {
		return req, &refusal{status: http.StatusBadRequest, message: "'identity' is a required property"}
	}
	return req, nil
}

// identify finds the user that the request speaks for. With more than one
// method the last decides, which Keystone only lets happen for one user.
func (s *Server) identify(id *identityRequest) (token, *refusal) {
	t, refused := token{}, errUnauthorized
	for _, method := range id.Methods {
		switch method {
		case "password":
			t, refused = s.byPassword(id)
		case "token":
			t, refused = s.byToken(id)
		case "application_credential":
			t, refused = s.byCredential(id)
		default:
			refused = s.release.unsupportedMethod()
		}
		if refused != nil {
			return token{}, refused
		}
	}
	return t, refused
}

// unsupportedMethod lists, as e2e/openstack's Keystone does, passcodes too,
// which no login here is made by.
func (r release) unsupportedMethod() *refusal {
	methods := []string{"external", "password", "token", "oauth1", "mapped", "application_credential"}
	if r.ec2 {
		methods = append(methods, "ec2credential")
	}
	methods = append(methods, "totp")
	return &refusal{
		status: http.StatusUnauthorized, methods: methods,
		message: "Attempted to authenticate with an unsupported method.",
	}
}

func (s *Server) byPassword(id *identityRequest) (token, *refusal) {
	if id.Password == nil {
		return token{}, expecting("password", "identity")
	}
	if id.Password.User == nil {
		return token{}, expecting("user", "password")
	}
	u, password, refused := s.findUser(id.Password.User)
	if refused != nil {
		return token{}, refused
	}
	if u == nil || password != id.Password.User.Password {
		return token{}, errUnauthorized
	}
	return token{methods: []string{"password"}, user: u}, nil
}

func (s *Server) byToken(id *identityRequest) (token, *refusal) {
	if id.Token == nil {
		return token{}, expecting("token", "identity")
	}
	old, refused := s.tokenFor(id.Token.ID)
	if refused != nil {
		return token{}, refused
	}
	if old.credential != nil {
		return token{}, forbidden("Using a delegated token to create another token is not allowed..")
	}
	methods := old.methods
	if !slices.Contains(methods, "token") {
		methods = append(slices.Clone(methods), "token")
	}
	return token{
		methods: methods, user: old.user, expires: old.expires,
		auditIDs: old.auditIDs[len(old.auditIDs)-1:],
	}, nil
}

func (s *Server) byCredential(id *identityRequest) (token, *refusal) {
	given := id.ApplicationCredential
	if given == nil {
		return token{}, expecting("application_credential", "identity")
	}
	var owner *user
	if given.User != nil {
		var refused *refusal
		if owner, _, refused = s.findUser(given.User); refused != nil {
			return token{}, refused
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.identity.credentials {
		if c.id != given.ID && (c.name != given.Name || c.user != owner) {
			continue
		}
		if c.secret != given.Secret || !c.expires.IsZero() && !s.now().Before(c.expires) {
			return token{}, errUnauthorized
		}
		t := token{methods: []string{"application_credential"}, user: c.user, project: c.project, credential: c}
		if end := s.now().Add(s.opts.TokenLife); !c.expires.IsZero() && c.expires.Before(end) {
			t.expires = c.expires
		}
		return t, nil
	}
	return token{}, notFound("Could not find Application Credential: " + given.ID + given.Name + ".")
}

// tokenFor is a token that a request names, with Keystone's words if it is
// none.
func (s *Server) tokenFor(id string) (token, *refusal) {
	t, state := s.lookUpToken(id)
	switch state {
	case tokenUnknown:
		return token{}, notFound("Could not recognize Fernet token")
	case tokenEnded:
		return token{}, notFound("Failed to validate token")
	}
	if t.limited() { // and the request has no OpenStack-Identity-Access-Rules
		return token{}, notFound("Failed to validate token")
	}
	return t, nil
}

// findUser is the user referred to and the password it has now, nil if there
// is no such user.
func (s *Server) findUser(ref *userRequest) (u *user, password string, refused *refusal) {
	if ref.ID == "" && ref.Domain == nil {
		return nil, "", expecting("domain", "user")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.identity.users {
		if u.id == ref.ID || (ref.ID == "" && u.name == ref.Name && ref.Domain.isDefault()) {
			return u, u.password, nil
		}
	}
	return nil, "", nil
}

// scope is the project that u asks a token for; nil for the word "unscoped".
func (s *Server) scope(u *user, raw json.RawMessage) (*project, *refusal) {
	var wanted struct {
		Project *reference `json:"project"`
	}
	if string(raw) == `"unscoped"` {
		return nil, nil
	}
	if json.Unmarshal(raw, &wanted) != nil || wanted.Project == nil {
		return nil, errUnauthorized
	}
	ref := wanted.Project
	if ref.ID == "" && ref.Domain == nil {
		return nil, expecting("domain", "project")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.identity.projects {
		named := p.id == ref.ID || (ref.ID == "" && p.name == ref.Name && ref.Domain.isDefault())
		if _, member := u.roles[p]; named && member {
			return p, nil
		}
	}
	return nil, errUnauthorized
}
