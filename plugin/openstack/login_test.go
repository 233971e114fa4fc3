// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLogin sees what Keystone is asked for a clouds.yaml or OS_* variables.
// URL stands for Keystone's.
func TestLogin(t *testing.T) {
	for _, test := range []struct {
		name   string
		clouds string // the cloud prod, indented as in the file
		env    map[string]string
		want   string // the value of "auth"
	}{{
		name: "a password, names and one domain",
		clouds: `
    auth: {auth_url: URL, username: alice, password: pw, project_name: demo, domain_name: D}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "D"}}}},
			"scope": {"project": {"name": "demo", "domain": {"name": "D"}}}}`,
	}, {
		name: "user and project in different domains, one by id, one by name",
		clouds: `
    auth: {auth_url: URL, username: alice, password: pw, project_name: demo, user_domain_name: A, project_domain_id: b}`,
		env: map[string]string{"OS_PASSWORD": "of another cloud"},
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "A"}}}},
			"scope": {"project": {"name": "demo", "domain": {"id": "b"}}}}`,
	}, {
		name: "ids beside names, as Horizon's openrc has them",
		clouds: `
    auth: {auth_url: URL, user_id: u, username: alice, password: pw, project_id: p, project_name: demo, user_domain_name: A, project_domain_id: b}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
			"scope": {"project": {"id": "p"}}}`,
	}, {
		name: "a domain's id goes before its name, and its own before the common one",
		clouds: `
    auth: {auth_url: URL, username: alice, password: pw, project_name: demo, user_domain_name: A, user_domain_id: a, domain_id: d}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "a"}}}},
			"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
	}, {
		name: "no domain, with identity_api_version 3 and default_domain",
		clouds: `
    identity_api_version: 3
    default_domain: dd
    auth: {auth_url: URL, username: alice, password: pw, project_name: demo, project_domain_name: B}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "dd"}}}},
			"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}}`,
	}, {
		name: "no domain, with identity_api_version 3",
		clouds: `
    identity_api_version: "3"
    auth: {auth_url: URL, username: alice, password: pw, project_name: demo}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "default"}}}},
			"scope": {"project": {"name": "demo", "domain": {"id": "default"}}}}`,
	}, {
		name: "no project",
		clouds: `
    auth_type: v3password
    auth: {auth_url: URL, username: alice, password: pw, user_domain_id: d}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}}}`,
	}, {
		name: "numbers and odd words are texts as written",
		clouds: `
    auth: {auth_url: URL, username: 007, password: 0123, project_id: yes, user_domain_id: 1e3}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "007", "password": "0123", "domain": {"id": "1e3"}}}},
			"scope": {"project": {"id": "yes"}}}`,
	}, {
		name: "former names, hyphens, settings beside auth; auth and today's names win",
		clouds: `
    tenant-name: old
    username: not-me
    auth: {auth_url: URL, user-name: alice, password: pw, project_name: demo, tenant_name: older, domain_id: d}`,
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
			"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
	}, {
		name: "a token and the project to scope it to; the user is Keystone's to know",
		clouds: `
    auth_type: v3token
    auth: {auth_url: URL, token: tok, username: alice, project_name: demo, project_domain_name: B, user_domain_name: A}`,
		want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}},
			"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}}`,
	}, {
		name: "an application credential by id; it has a scope of its own",
		clouds: `
    auth_type: v3applicationcredential
    auth: {auth_url: URL, application_credential_id: ac, application_credential_secret: s, project_name: demo}`,
		want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
	}, {
		name: "an application credential by name and user, without auth_type",
		clouds: `
    auth: {auth_url: URL, application_credential_name: ac, application_credential_secret: s, username: alice, user_domain_name: A}`,
		want: `{"identity": {"methods": ["application_credential"], "application_credential":
			{"name": "ac", "secret": "s", "user": {"name": "alice", "domain": {"name": "A"}}}}}`,
	}, {
		name: "a password that only the environment has; who and where it does not say",
		clouds: `
    auth: {auth_url: URL, username: alice, project_id: p, user_domain_id: d}`,
		env: map[string]string{"OS_PASSWORD": "from-env", "OS_USERNAME": "eve", "OS_PROJECT_ID": "other", "OS_AUTH_URL": "http://other.invalid"},
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "from-env", "domain": {"id": "d"}}}},
			"scope": {"project": {"id": "p"}}}`,
	}} {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			file := writeClouds(t, "clouds:\n  prod:"+strings.ReplaceAll(test.clouds, "URL", k.URL))
			cloud, err := Resolve(Options{Cloud: "prod", File: file, Getenv: env(test.env)})
			if err != nil {
				t.Fatal(err)
			}
			wantLogin(t, k, cloud, test.want)
		})
	}
}

func TestLoginFromEnvironment(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want string
	}{{
		name: "an openrc of Horizon",
		env: map[string]string{
			"OS_PROJECT_ID": "p", "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "A", "OS_PROJECT_DOMAIN_ID": "b",
			"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_REGION_NAME": "One", "OS_INTERFACE": "public", "OS_IDENTITY_API_VERSION": "3",
		},
		want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "A"}}}},
			"scope": {"project": {"id": "p"}}}`,
	}, {
		name: "former names",
		env: map[string]string{
			"OS_USERID": "u", "OS_PASSWORD": "pw", "OS_TENANT_NAME": "demo", "OS_DOMAIN_NAME": "D", "OS_ENDPOINT_TYPE": "publicURL",
		},
		want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
			"scope": {"project": {"name": "demo", "domain": {"name": "D"}}}}`,
	}, {
		name: "a token",
		env:  map[string]string{"OS_AUTH_TYPE": "token", "OS_TOKEN": "tok", "OS_PROJECT_ID": "p"},
		want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"project": {"id": "p"}}}`,
	}, {
		name: "an application credential",
		env: map[string]string{
			"OS_AUTH_TYPE": "v3applicationcredential", "OS_APPLICATION_CREDENTIAL_ID": "ac", "OS_APPLICATION_CREDENTIAL_SECRET": "s",
		},
		want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
	}} {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			test.env["OS_AUTH_URL"] = k.URL + "/v3/"
			cloud, err := Resolve(Options{Getenv: env(test.env), Home: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			if cloud.Name != "" || cloud.File != "" {
				t.Errorf("cloud %q of file %q, want neither", cloud.Name, cloud.File)
			}
			wantLogin(t, k, cloud, test.want)
		})
	}
}

// wantLogin connects and compares the one request that Keystone saw.
func wantLogin(t *testing.T, k *keystone, cloud Cloud, auth string) {
	t.Helper()
	session, err := cloud.Connect(t.Context(), "kubectl-magnum/test")
	if err != nil {
		t.Fatal(err)
	}
	if session.UserID != "u1" || session.UserName != "alice" || session.ProjectID != "p1" || session.ProjectName != "demo" ||
		session.ExpiresAt.Year() != 2030 {
		t.Errorf("the session is %+v", session)
	}
	requests := k.requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want one", len(requests))
	}
	r := requests[0]
	if r.Method != "POST" || r.Path != "/v3/auth/tokens" {
		t.Errorf("%s %s, want POST /v3/auth/tokens", r.Method, r.Path)
	}
	if agent := r.Header.Get("User-Agent"); !strings.HasPrefix(agent, "kubectl-magnum/test ") {
		t.Errorf("User-Agent is %q", agent)
	}
	if diff := cmp.Diff(decoded(t, `{"auth": `+auth+`}`), decoded(t, r.Body)); diff != "" {
		t.Errorf("login differs (-want +got):\n%s", diff)
	}
}

// TestTokenAsItIs: without a project there is nothing to scope a token to.
func TestTokenAsItIs(t *testing.T) {
	k := newKeystone(t, httpServer)
	k.answer = jsonAnswer(200, `{"token": {"expires_at": "2030-01-02T03:04:05Z", "user": {"id": "u1", "name": "alice"}}}`)
	cloud, err := Resolve(Options{Getenv: env(map[string]string{"OS_AUTH_URL": k.URL, "OS_TOKEN": "mine"})})
	if err != nil {
		t.Fatal(err)
	}
	session, err := cloud.Connect(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	requests := k.requests()
	if len(requests) != 1 || requests[0].Method != "GET" || requests[0].Header.Get("X-Auth-Token") != "mine" {
		t.Errorf("requests are %v", requests)
	}
	if session.provider.TokenID != "mine" {
		t.Errorf("goes on with token %q", session.provider.TokenID)
	}
	if _, err := session.ContainerInfra(); err == nil {
		t.Error("an endpoint without a catalog")
	}
}

// TestOldToken: Keystone does not find it; a page says that the place is wrong.
func TestOldToken(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":404,"message":"Could not recognize Fernet token","title":"Not Found"}}`: "*openstack.AuthError",
		`{"error":{"code":404,"message":"Could not find token: mine"}}`:                           "*openstack.AuthError",
		`<h1>Not Found</h1>`: "*openstack.ServiceError",
	} {
		k := newKeystone(t, httpServer)
		k.answer = jsonAnswer(404, body)
		cloud, err := Resolve(Options{Getenv: env(map[string]string{"OS_AUTH_URL": k.URL, "OS_TOKEN": "mine", "OS_PROJECT_ID": "p"})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = cloud.Connect(t.Context(), "test")
		if got := fmt.Sprintf("%T", err); got != want || strings.Contains(err.Error(), "mine") {
			t.Errorf("%s: %s %v", body, got, err)
		}
		if refused, ok := errors.AsType[*AuthError](err); ok && refused.Method != "token" {
			t.Errorf("refused %q", refused.Method)
		}
	}
}

// TestForbiddenLogin: Keystone has a status of its own for a trust that is for
// somebody else; a page is of something before it.
func TestForbiddenLogin(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":403,"message":"You are not authorized to perform the requested action.","title":"Forbidden"}}`: "*openstack.AuthError",
		`<h1>Forbidden</h1>`: "*openstack.ServiceError",
	} {
		k := newKeystone(t, httpServer)
		k.answer = jsonAnswer(403, body)
		_, err := connect(t.Context(), t, k, "")
		if got := fmt.Sprintf("%T", err); got != want {
			t.Errorf("%s: %s %v", body, got, err)
		}
	}
}
