// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ApplicationCredential is one that a request made.
type ApplicationCredential struct {
	ID, Name, User string
	ExpiresAt      time.Time // zero: never
	Rules          []string  // each a method and a path; nil: none
}

// ApplicationCredentials are those that requests made and none has deleted, in
// the order in which they were made.
func (s *Server) ApplicationCredentials() []ApplicationCredential {
	s.mu.Lock()
	defer s.mu.Unlock()
	var made []ApplicationCredential
	for _, c := range s.identity.credentials {
		if c.cloud != "" {
			continue
		}
		a := ApplicationCredential{ID: c.id, Name: c.name, User: c.user.name, ExpiresAt: c.expires}
		for _, r := range c.rules {
			a.Rules = append(a.Rules, r.method+" "+r.path)
		}
		made = append(made, a)
	}
	return made
}

// SetApplicationCredentialEnd has one end at another time.
func (s *Server) SetApplicationCredentialEnd(id string, expires time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.identity.credentials {
		if c.id == id {
			c.expires = expires
		}
	}
}

// RevokeApplicationCredential deletes one, and ends its tokens for Magnum too.
func (s *Server) RevokeApplicationCredential(id string) {
	s.mu.Lock()
	s.deleteCredential(id)
	s.mu.Unlock()
	s.endTokens(func(t *token) bool { return t.credential != nil && t.credential.id == id })
}

// RefuseAccessRules has Magnum be one whose configuration lacks service_type: it
// refuses every token of an application credential with access rules.
func (s *Server) RefuseAccessRules() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noRules = true
}

// allows says whether keystonemiddleware lets a request pass to Magnum.
func (s *Server) allows(t token, r *http.Request) bool {
	s.mu.Lock()
	refuse := s.noRules && t.limited()
	s.mu.Unlock()
	return !refuse && t.allows(r.Method, r.URL.Path)
}

func (s *Server) deleteCredential(id string) {
	s.identity.credentials = slices.DeleteFunc(s.identity.credentials, func(c *applicationCredential) bool { return c.id == id })
	for _, t := range s.identity.tokens {
		if t.credential != nil && t.credential.id == id {
			t.revoked = true
		}
	}
}

// credentialsPath takes /v3/users/USER/application_credentials[/ID] apart.
func credentialsPath(path string) (userID, id string, ok bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/v3/users/"), "/")
	if !strings.HasPrefix(path, "/v3/users/") || len(parts) < 2 || len(parts) > 3 || parts[1] != "application_credentials" {
		return "", "", false
	}
	if len(parts) == 3 {
		id = parts[2]
	}
	return parts[0], id, true
}

var errManaging = forbidden("Using method 'application_credential' is not allowed for managing additional application credentials..")

// credentialsResource answers questions about the application credentials of a
// user.
func (s *Server) credentialsResource(r *http.Request, userID, id string) answer {
	caller, state := s.lookUpToken(r.Header.Get("X-Auth-Token"))
	if state != tokenGood {
		return s.keystoneAnswer(errUnauthorized)
	}
	actions := map[string]string{
		"GET": "identity:list_application_credentials", "POST": "identity:create_application_credential",
	}
	if id != "" {
		actions = map[string]string{
			"GET": "identity:get_application_credential", "DELETE": "identity:delete_application_credential",
		}
	}
	action, ok := actions[r.Method]
	switch {
	case !ok && id == "":
		a := jsonAnswer(http.StatusMethodNotAllowed, object{{"message", "The method is not allowed for the requested URL."}})
		a.body = append(a.body, '\n')
		return a.with("Allow", "GET, POST, OPTIONS, HEAD")
	case !ok, r.Method == http.MethodGet && caller.user.id != userID && caller.has("admin"):
		return notModelled(r)
	case caller.user.id != userID && (r.Method == http.MethodPost || !caller.has("admin")):
		return s.keystoneAnswer(forbidden(action + "."))
	}
	switch {
	case r.Method == http.MethodPost:
		return s.createCredential(r, caller)
	case id == "":
		return s.listCredentials(r, caller)
	}
	return s.oneCredential(r, caller, id)
}

func (s *Server) oneCredential(r *http.Request, caller token, id string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.identity.credentials, func(c *applicationCredential) bool { return c.id == id })
	switch {
	case r.Method == http.MethodDelete && caller.credential != nil:
		return s.keystoneAnswer(errManaging)
	case i < 0:
		return s.keystoneAnswer(notFound("Could not find Application Credential: " + id + "."))
	case r.Method == http.MethodDelete:
		s.deleteCredential(id)
		return answer{status: http.StatusNoContent}
	}
	return keystoneJSON(http.StatusOK, object{{"application_credential", s.credentialJSON(s.identity.credentials[i], "")}})
}

func keystoneJSON(status int, v any) answer {
	a := jsonAnswer(status, v)
	a.body = append(a.body, '\n')
	return a
}

func (s *Server) listCredentials(r *http.Request, caller token) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	query := r.URL.Query()
	for _, c := range s.identity.credentials {
		if c.user == caller.user && (!query.Has("name") || c.name == query.Get("name")) {
			all = append(all, s.credentialJSON(c, ""))
		}
	}
	self := s.keystone.url + "/users/" + caller.user.id + "/application_credentials"
	if r.URL.RawQuery != "" {
		self += "?" + r.URL.RawQuery
	}
	return keystoneJSON(http.StatusOK, object{
		{"application_credentials", all},
		{"links", object{{"next", nil}, {"self", self}, {"previous", nil}}},
	})
}

// newCredential is the body of a POST, as far as it is modelled.
type newCredential struct {
	Name         string  `json:"name"`
	Description  *string `json:"description"`
	Secret       string  `json:"secret"`
	ExpiresAt    string  `json:"expires_at"`
	Unrestricted *bool   `json:"unrestricted"`
	Rules        []struct {
		Service string `json:"service"`
		Method  string `json:"method"`
		Path    string `json:"path"`
	} `json:"access_rules"`
}

func (s *Server) createCredential(r *http.Request, caller token) answer {
	var asked struct {
		Credential newCredential `json:"application_credential"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &asked) != nil || asked.Credential.Name == "" || caller.project == nil {
		return notModelled(r)
	}
	given := asked.Credential
	for _, rule := range given.Rules {
		if rule.Service != "container-infra" || !strings.HasPrefix(rule.Path, "/") ||
			!slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"}, rule.Method) {
			return notModelled(r)
		}
	}
	if caller.credential != nil && !caller.credential.unrestricted {
		return s.keystoneAnswer(errManaging)
	}
	c := &applicationCredential{
		id: newID(), name: given.Name, description: given.Description, secret: given.Secret, user: caller.user, project: caller.project,
		unrestricted: given.Unrestricted != nil && *given.Unrestricted, said: given.Unrestricted != nil,
	}
	if c.secret == "" {
		c.secret = randomText(64)
	}
	if given.ExpiresAt != "" {
		c.expires, err = time.Parse("2006-01-02T15:04:05.999999", strings.TrimSuffix(given.ExpiresAt, "Z"))
		switch {
		case err != nil:
			return s.keystoneAnswer(badRequest("Timestamp not in expected format."))
		case c.expires.Before(s.now()):
			return s.keystoneAnswer(badRequest("The 'expires_at' must not be before now."))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.identity.credentials {
		if other.user == c.user && other.name == c.name {
			return s.keystoneAnswer(&refusal{
				status:  http.StatusConflict,
				message: "Conflict occurred attempting to store application_credential - Duplicate entry found with name " + c.name + ".",
			})
		}
	}
	for _, rule := range given.Rules {
		c.rules = append(c.rules, s.identity.rule(c.user, rule.Method, rule.Path))
	}
	s.identity.credentials = append(s.identity.credentials, c)
	return keystoneJSON(http.StatusCreated, object{{"application_credential", s.credentialJSON(c, c.secret)}})
}

// rule is the user's rule of that kind: Keystone has each only once.
func (d *identity) rule(u *user, method, path string) accessRule {
	for _, c := range d.credentials {
		if i := slices.IndexFunc(c.rules, func(r accessRule) bool { return r.method == method && r.path == path }); i >= 0 && c.user == u {
			return c.rules[i]
		}
	}
	return accessRule{newID(), method, path}
}

// credentialJSON shows c, with its secret only to whoever made it.
func (s *Server) credentialJSON(c *applicationCredential, secret string) object {
	var unrestricted, expires any
	if c.said {
		unrestricted = c.unrestricted
	}
	if !c.expires.IsZero() {
		expires = c.expires.UTC().Format("2006-01-02T15:04:05.000000")
	}
	var description any
	if c.description != nil {
		description = *c.description
	}
	roles := []object{}
	for _, role := range impliedRoles[c.user.roles[c.project]] {
		roles = append(roles, object{
			{"id", s.identity.roles[role]}, {"name", role}, {"domain_id", nil}, {"description", nil}, {"options", object{{"immutable", true}}},
		})
	}
	o := object{
		{"id", c.id},
		{"name", c.name},
		{"description", description},
		{"user_id", c.user.id},
		{"project_id", c.project.id},
		{"system", nil},
		{"expires_at", expires},
		{"unrestricted", unrestricted},
		{"roles", roles},
	}
	if c.rules != nil {
		o = append(o, member{"access_rules", c.rulesJSON()})
	}
	if secret != "" {
		o = append(o, member{"secret", secret})
	}
	return append(o, member{"links", object{{"self", s.keystone.url + "/application_credentials/" + c.id}}})
}
