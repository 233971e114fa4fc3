// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"net/http"
	"strings"
)

// The only domain, Keystone's own.
const (
	domainID   = "default"
	domainName = "Default"
)

// answerKeystone finds who answers a request to Keystone.
func (s *Server) answerKeystone(r *http.Request) answer {
	var a answer
	switch path := strings.TrimRight(r.URL.Path, "/"); path {
	case "":
		a = s.keystoneRoot()
	case "/v3":
		a = jsonAnswer(http.StatusOK, object{{"version", s.keystoneVersion()}})
	case "/v3/auth/tokens":
		a = s.authTokens(r)
	case "/v3/auth/catalog":
		a = s.authCatalog(r)
	default:
		if userID, id, ok := credentialsPath(path); ok {
			a = s.credentialsResource(r, userID, id)
		} else {
			a = s.keystoneElsewhere(r, path)
		}
	}
	return a.with("Vary", "X-Auth-Token")
}

func (s *Server) keystoneRoot() answer {
	versions := object{{"versions", object{{"values", []object{s.keystoneVersion()}}}}}
	return jsonAnswer(http.StatusMultipleChoices, versions).with("Location", s.keystone.url+"/")
}

func (s *Server) keystoneVersion() object {
	return object{
		{"id", "v3.14"},
		{"status", "stable"},
		{"updated", "2020-04-07T00:00:00Z"},
		{"links", []object{{{"rel", "self"}, {"href", s.keystone.url + "/"}}}},
		{"media-types", []object{{
			{"base", "application/json"},
			{"type", "application/vnd.openstack.identity-v3+json"},
		}}},
	}
}

// keystoneElsewhere is Flask's own page for what no version of Keystone has;
// the rest of Keystone is not modelled.
func (s *Server) keystoneElsewhere(r *http.Request, path string) answer {
	resource := strings.TrimPrefix(path, "/v3/")
	known := []string{"auth", "users", "projects", "domains", "roles", "services", "endpoints", "regions"}
	for _, k := range known {
		if resource == k || strings.HasPrefix(resource, k+"/") {
			return notModelled(r)
		}
	}
	return answer{
		status: http.StatusNotFound,
		header: map[string]string{"Content-Type": "text/html; charset=utf-8"},
		body: []byte("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n" +
			"<p>The requested URL was not found on the server. " +
			"If you entered the URL manually please check your spelling and try again.</p>\n"),
	}
}

// authTokens is /v3/auth/tokens: log in, look at a token, end one.
func (s *Server) authTokens(r *http.Request) answer {
	switch r.Method {
	case http.MethodPost:
		t, refusal := s.logIn(r)
		if refusal != nil {
			return s.keystoneAnswer(refusal)
		}
		return s.tokenAnswer(http.StatusCreated, t, r)
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		t, refusal := s.subject(r)
		if refusal != nil {
			return s.keystoneAnswer(refusal)
		}
		if r.Method == http.MethodDelete {
			s.revokeAtKeystone(t.id)
			return answer{status: http.StatusNoContent}
		}
		return s.tokenAnswer(http.StatusOK, t, r)
	}
	a := jsonAnswer(http.StatusMethodNotAllowed, object{
		{"message", "The method is not allowed for the requested URL."},
	})
	a.body = append(a.body, '\n')
	return a.with("Allow", "GET, DELETE, POST, OPTIONS, HEAD")
}

// subject is the token that a request is about, checked as the token that the
// request carries lets it.
func (s *Server) subject(r *http.Request) (token, *refusal) {
	caller, state := s.lookUpToken(r.Header.Get("X-Auth-Token"))
	if state != tokenGood {
		return token{}, errUnauthorized
	}
	action := "identity:validate_token"
	if r.Method == http.MethodDelete {
		action = "identity:revoke_token"
	}
	id := r.Header.Get("X-Subject-Token")
	if id == "" {
		return token{}, forbidden(action + ".")
	}
	t, refusal := s.tokenFor(id)
	if refusal != nil {
		return token{}, refusal
	}
	if t.user != caller.user && !caller.has("admin") {
		return token{}, forbidden(action + ".")
	}
	return t, nil
}

// revokeAtKeystone ends a token for Keystone; Magnum goes on for as long as
// it has it cached.
func (s *Server) revokeAtKeystone(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity.tokens[id].revoked = true
}

func (s *Server) authCatalog(r *http.Request) answer {
	if r.Method != http.MethodGet {
		return notModelled(r)
	}
	if _, state := s.lookUpToken(r.Header.Get("X-Auth-Token")); state != tokenGood {
		return s.keystoneAnswer(errUnauthorized)
	}
	a := jsonAnswer(http.StatusOK, object{
		{"catalog", s.catalogJSON()},
		{"links", object{{"self", s.keystone.url + "/auth/catalog"}}},
	})
	a.body = append(a.body, '\n')
	return a
}
