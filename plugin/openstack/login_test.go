// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack/logintest"
)

// TestLogin sees what Keystone is asked for a clouds.yaml or OS_* variables.
func TestLogin(t *testing.T) {
	for _, test := range slices.Concat(logintest.Clouds, logintest.Environment, logintest.Methods) {
		t.Run(test.Name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			home := t.TempDir()
			if err := test.Write(home, k.URL); err != nil {
				t.Fatal(err)
			}
			cloud, err := Resolve(Options{Cloud: test.Cloud(), Home: home, Getenv: env(test.Variables(k.URL))})
			if err != nil {
				t.Fatal(err)
			}
			if cloud.Name != test.Cloud() || (cloud.File == "") != (test.Cloud() == "") {
				t.Errorf("cloud %q of file %q", cloud.Name, cloud.File)
			}
			wantLogin(t, k, cloud, test.Want)
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
