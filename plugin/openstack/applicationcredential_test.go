// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var newOne = NewApplicationCredential{
	Name: "n", Description: "d", Secret: "another-secret", ExpiresAt: time.Date(2030, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)),
	Rules: []AccessRule{{"container-infra", "GET", "/v1/clusters"}},
}

// session logs in and has answer answer from then on.
func session(t *testing.T, answer http.HandlerFunc) (*Session, *keystone) {
	t.Helper()
	k := newKeystone(t, httpServer)
	s, err := resolveClouds(t, alice(k.URL, "")).Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	k.answer = answer
	return s, k
}

// made is what Keystone says of newOne, with more.
func made(more string) http.HandlerFunc {
	return jsonAnswer(201, `{"application_credential": {"id": "0123abc", "secret": "another-secret", "unrestricted": false,
		"expires_at": "2030-01-02T02:04:05.000000",
		"access_rules": [{"id": "1", "service": "container-infra", "method": "GET", "path": "/v1/clusters"}]`+more+`}}`)
}

// What Keystone does not know, it passes over.
func TestCreateApplicationCredentialChecksWhatWasMade(t *testing.T) {
	for _, more := range []string{
		`, "access_rules": null`, `, "access_rules": []`, `, "expires_at": ""`, `, "expires_at": "2031-01-02T02:04:05.000000"`, `, "expires_at": "never"`, `, "unrestricted": true`,
		`, "access_rules": [{"service": "container-infra", "method": "GET", "path": "/v1/clusters"}, {"service": "container-infra", "method": "PATCH", "path": "/v1/clusters"}]`,
		`, "access_rules": [{"service": "compute", "method": "GET", "path": "/v1/clusters"}]`,
	} {
		s, _ := session(t, made(more))
		id, err := s.CreateApplicationCredential(t.Context(), newOne)
		if !errors.As(err, new(*LaxError)) || id != "0123abc" {
			t.Errorf("%s: got %q, %v", more, id, err)
		}
	}
}

func TestCreateApplicationCredential(t *testing.T) {
	s, k := session(t, made(""))
	id, err := s.CreateApplicationCredential(t.Context(), newOne)
	if err != nil || id != "0123abc" {
		t.Fatalf("got %q, %v", id, err)
	}
	r := k.requests()[1]
	want := `{"application_credential": {"name": "n", "description": "d", "secret": "another-secret", "unrestricted": false,
		"expires_at": "2030-01-02T02:04:05",
		"access_rules": [{"service": "container-infra", "method": "GET", "path": "/v1/clusters"}]}}`
	if diff := cmp.Diff(decoded(t, want), decoded(t, r.Body)); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if r.Method != "POST" || r.Path != "/v3/users/u1/application_credentials" || r.Header.Get("X-Auth-Token") != "fresh-token" {
		t.Errorf("asked %+v", r)
	}
}

// One that could do anything, or would be good for ever, is never asked for.
func TestCreateApplicationCredentialRefuses(t *testing.T) {
	s, k := session(t, nil)
	for name, change := range map[string]func(*NewApplicationCredential){
		"no rules":  func(c *NewApplicationCredential) { c.Rules = nil },
		"no end":    func(c *NewApplicationCredential) { c.ExpiresAt = time.Time{} },
		"no secret": func(c *NewApplicationCredential) { c.Secret = "" },
	} {
		c := newOne
		change(&c)
		if id, err := s.CreateApplicationCredential(t.Context(), c); err == nil || len(k.requests()) != 1 {
			t.Errorf("%s: got %q, %v", name, id, err)
		}
	}
	if err := s.DeleteApplicationCredential(t.Context(), "../../x"); err == nil || len(k.requests()) != 1 {
		t.Errorf("a path for an id: %v", err)
	}
}

// Servers repeat what they are sent, and Keystone the secret.
func TestApplicationCredentialErrorsTellNoSecret(t *testing.T) {
	for _, answer := range []http.HandlerFunc{
		jsonAnswer(500, `{"error": {"message": "cannot store another-secret"}}`),
		jsonAnswer(401, `{"error": {"message": "another-secret fresh-token"}}`),
		pageAnswer(201, "<title>another-secret</title>"),
		jsonAnswer(201, `{"application_credential": {"id": "another-secret!"}}`),
		jsonAnswer(201, `{"application_credential": {"id": 7, "secret": "another-secret"}}`),
		shortAnswer(`{"application_credential": {"secret": "another-secret`),
	} {
		s, _ := session(t, answer)
		id, err := s.CreateApplicationCredential(t.Context(), newOne)
		if id != "" || err == nil || strings.Contains(err.Error(), "another-secret") || strings.Contains(err.Error(), "fresh-token") {
			t.Errorf("got %q, %v", id, err)
		}
	}
}

func TestFindAndDeleteApplicationCredential(t *testing.T) {
	s, k := session(t, jsonAnswer(200, `{"application_credentials": [{"id": "1", "name": "other"}, {"id": "2", "name": "a b"}]}`))
	if id, err := s.FindApplicationCredential(t.Context(), "a b"); err != nil || id != "2" {
		t.Errorf("got %q, %v", id, err)
	}
	if id, err := s.FindApplicationCredential(t.Context(), "none"); err != nil || id != "" {
		t.Errorf("got %q, %v", id, err)
	}
	k.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	if err := s.DeleteApplicationCredential(t.Context(), "0123abc"); err != nil {
		t.Error(err)
	}
	k.answer = jsonAnswer(404, `{"error": {"message": "Could not find Application Credential: 0123abc."}}`)
	if err := s.DeleteApplicationCredential(t.Context(), "0123abc"); err != nil {
		t.Errorf("there is none: %v", err)
	}
	k.answer = jsonAnswer(404, `{"error": {"message": "no such page"}}`)
	if err := s.DeleteApplicationCredential(t.Context(), "0123abc"); !errors.As(err, new(*ServiceError)) {
		t.Errorf("something else is not there: %v", err)
	}
}

// Rules are of the paths that the catalog has, and have no wildcards of its.
func TestSigningRules(t *testing.T) {
	own := []string{"GET /v1/clusters", "GET /v1/clusters/*", "GET /v1/clustertemplates/*", "GET /v1/certificates/*", "POST /v1/certificates"}
	for at, prefix := range map[string]string{
		"https://m/v1/": "", "https://m/container-infra/v1/": "/container-infra/v1", "https://m/a/b-c_d.e~f/v1/": "/a/b-c_d.e~f/v1",
		"https://m/**/v1/": "", "https://m/{x}/v1/": "", "https://m/%2A/v1/": "", "https://m/" + strings.Repeat("a", 210) + "/v1/": "",
	} {
		endpoint, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		want := own
		for _, rule := range own {
			if prefix != "" {
				want = append(want[:len(want):len(want)], strings.Replace(rule, "/v1", prefix, 1))
			}
		}
		var got []string
		for _, rule := range (&Session{endpoint: endpoint, kind: "container-infrastructure"}).SigningRules() {
			if got = append(got, rule.String()); rule.Service != "container-infrastructure" {
				t.Errorf("%s: of %s", at, rule.Service)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", at, diff)
		}
	}
}

// A token that ends with its application credential says so in another form.
func TestTokenEnds(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2030-01-02T03:04:05.000000Z": time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		"2030-01-02T03:04:05":         time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
		"2030-01-02T03:04:05.123456":  time.Date(2030, 1, 2, 3, 4, 5, 123456000, time.UTC),
		"soon":                        {},
	} {
		k := newKeystone(t, httpServer)
		k.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Subject-Token", "fresh-token")
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, `{"token": {"expires_at": %q, "user": {"id": "u1"}}}`, text)
		}
		s, err := resolveClouds(t, alice(k.URL, "")).Connect(t.Context(), "test")
		if (err != nil) != want.IsZero() || err == nil && !s.ExpiresAt.Equal(want) {
			t.Errorf("%s: got %+v, %v", text, s, err)
		}
	}
}

// What is refused of a kept login is said to be that.
func TestAsRefused(t *testing.T) {
	k := newKeystone(t, httpServer)
	k.answer = jsonAnswer(404, `{"error": {"message": "Could not find another-secret"}}`)
	cloud := resolveClouds(t, alice(k.URL, "")).As("id", "another-secret")
	_, err := cloud.Connect(t.Context(), "test")
	refused, ok := errors.AsType[*AuthError](err)
	if !ok || refused.Method != methodApplicationCredential || strings.Contains(err.Error(), "another-secret") || refused.Kept {
		t.Errorf("got %v", err)
	}
	kept := newKeeps()
	kept.AuthURL, kept.TLS = k.URL+"/v3", TLS{}
	if cloud, err = Resolve(Options{Kept: kept.find, Getenv: noEnv}); err != nil {
		t.Fatal(err)
	}
	_, err = cloud.Connect(t.Context(), "test")
	if refused, ok := errors.AsType[*AuthError](err); !ok || !refused.Kept || !strings.Contains(err.Error(), "kubectl magnum login") {
		t.Errorf("got %v", err)
	}
}
