// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

// TestLogin has alice log in, and sees what the application credential may that
// is in the keyring then, and that it ends.
func TestLogin(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	p := Start(t)
	if p.dir == "" {
		t.Skip("not on a pair of somebody else's")
	}
	k := newAccounts(t, p)
	u := newKeyringUser(t, p)
	u.login(t, "--expires", "1h") // so that tokens end with it, which Keystone says in another form
	made := u.kept(t)
	t.Run("is used", func(t *testing.T) {
		u.forgetPassword(t)
		defer u.rememberPassword(t, p)
		u.accepted(t, "prod")
		if got := u.magnum(t, "ca-show", "prod"); got.Code != 0 || !strings.Contains(got.Stdout, "BEGIN CERTIFICATE") {
			t.Errorf("%+v", got)
		}
		got := u.magnum(t, "ca-rotate", "prod", "--yes")
		if got.Code != 4 || !strings.Contains(got.Stderr, "may only read clusters") {
			t.Errorf("%+v", got)
		}
	})
	t.Run("may not", func(t *testing.T) { testLimits(t, k, made) })
	t.Run("revoked", func(t *testing.T) {
		u.forgetPassword(t)
		k.as["alice"].send(t, "DELETE", "/users/"+k.ids["alice"]+"/application_credentials/"+made.ID, nil, 204)
		got := u.magnum(t, "ca-show", "prod")
		if got.Code != 4 || !strings.Contains(got.Stderr, "hint: log in again: kubectl magnum login --os-cloud alice") {
			t.Errorf("%+v", got)
		}
		u.rememberPassword(t, p)
	})
	t.Run("logout", func(t *testing.T) {
		u.login(t)
		made := u.kept(t)
		k.appcredToken(t, made, http.StatusCreated)
		got := u.magnum(t, "logout", "--all")
		if got.Code != 0 || got.Stderr != "" || !strings.Contains(got.Stdout, "its application credential is revoked") {
			t.Errorf("%+v", got)
		}
		k.appcredToken(t, made, http.StatusNotFound)
		if keys, err := u.keyring().Keys(t.Context()); err != nil || len(keys) > 0 {
			t.Errorf("the keyring has %q, %v", keys, err)
		}
	})
}

// testLimits asks for everything else.
func testLimits(t *testing.T, k accounts, made keptLogin) {
	s := k.as["alice"]
	s.token = k.appcredToken(t, made, http.StatusCreated)
	user := "/users/" + k.ids["alice"]
	for _, c := range []struct {
		name, method, url string
		body              any
		want              int
	}{
		{"clusters", "GET", s.magnum + "/v1/clusters", nil, 200},
		{"a CA", "GET", s.magnum + "/v1/certificates/prod", nil, 200},
		{"rotate", "PATCH", s.magnum + "/v1/certificates/prod", nil, 401},
		{"delete a cluster", "DELETE", s.magnum + "/v1/clusters/prod", nil, 401},
		{"create a cluster", "POST", s.magnum + "/v1/clusters", object{"name": "x"}, 401},
		{"node groups", "GET", s.magnum + "/v1/clusters/prod/nodegroups", nil, 401},
		{"templates", "GET", s.magnum + "/v1/clustertemplates", nil, 401},
		{"statistics", "GET", s.magnum + "/v1/stats", nil, 401},
		{"application credential", "POST", s.keystone + user + "/application_credentials", object{"application_credential": object{"name": "x"}}, 403},
		{"end itself", "DELETE", s.keystone + user + "/application_credentials/" + made.ID, nil, 403},
		{"credential", "POST", s.keystone + "/credentials", object{"credential": object{"type": "totp", "user_id": k.ids["alice"], "blob": "GEZDGNBVGY3TQOJQ"}}, 403},
		{"EC2 credential", "POST", s.keystone + user + "/credentials/OS-EC2", object{"tenant_id": k.project}, 403},
		{"trust", "POST", s.keystone + "/OS-TRUST/trusts", object{"trust": object{
			"trustor_user_id": k.ids["alice"], "trustee_user_id": k.ids["bob"], "project_id": k.project, "impersonation": false,
			"roles": []object{{"name": "member"}},
		}}, 403},
		{"users", "GET", s.keystone + "/users", nil, 403},
		{"projects", "GET", s.keystone + "/projects", nil, 403},
		{"another token", "POST", s.keystone + "/auth/tokens", object{"auth": object{
			"identity": object{"methods": []string{"token"}, "token": object{"id": s.token}},
			"scope":    object{"project": object{"id": k.project}},
		}}, 404},
	} {
		t.Run(c.name, func(t *testing.T) { s.sendTo(t, c.method, c.url, c.body, c.want) })
	}
	if got := k.as["alice"].status(t, "prod"); got != "CREATE_COMPLETE" {
		t.Errorf("the cluster is %s", got)
	}
}

// appcredToken logs in by the application credential and wants that status.
func (k accounts) appcredToken(t *testing.T, made keptLogin, want int) (token string) {
	t.Helper()
	header := k.as["alice"].sendTo(t, "POST", k.as["alice"].keystone+"/auth/tokens", object{"auth": object{"identity": object{
		"methods":                []string{"application_credential"},
		"application_credential": object{"id": made.ID, "secret": made.Secret},
	}}}, want)
	return header.Get("X-Subject-Token")
}

// sendTo asks anything at all and wants that status.
func (s session) sendTo(t *testing.T, method, url string, body any, want int) http.Header {
	t.Helper()
	var data string
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		data = string(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Auth-Token", s.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		t.Errorf("%s %s: %s, want %d", method, url, resp.Status, want)
	}
	return resp.Header
}

// keptLogin is what the keyring has of a login.
type keptLogin struct{ ID, Secret string }

// newKeyringUser is alice with a keyring.
func newKeyringUser(t *testing.T, p *Pair) user {
	t.Helper()
	programs := build(t)
	e, err := env.New(t.Context(), env.Options{
		Kubectl: programs.Kubectl, Plugin: programs.Plugin, CloudsYAML: read(t, p.CloudsYAML), Cloud: "alice", Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return user{e}
}

func (u user) login(t *testing.T, flags ...string) {
	t.Helper()
	got := u.magnum(t, append([]string{"login"}, flags...)...)
	t.Logf("%s", got.Stdout)
	if got.Code != 0 || !strings.HasPrefix(got.Stdout, `Logged in to cloud "alice" as "alice" for project "demo"`) {
		t.Fatalf("%+v", got)
	}
}

func (u user) keyring() *cache.Keyring {
	return &cache.Keyring{
		Getenv:      func(string) string { return u.BusAddress() },
		ReadTimeout: 10 * time.Second,
	}
}

// kept reads the one login in the keyring.
func (u user) kept(t *testing.T) (made keptLogin) {
	t.Helper()
	keys, err := u.keyring().Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, key := range keys {
		if !strings.HasPrefix(key, "v1-login-") {
			continue
		}
		data, err := u.keyring().Get(t.Context(), key)
		if err == nil {
			err = json.Unmarshal(data, &made)
		}
		if err != nil {
			t.Fatal(err)
		}
		found++
	}
	if found != 1 || made.ID == "" || made.Secret == "" {
		t.Fatalf("of %q %d are logins", keys, found)
	}
	return made
}

func (u user) clouds() string { return filepath.Join(u.Home, ".config", "openstack", "clouds.yaml") }

// forgetPassword takes alice's password out of clouds.yaml.
func (u user) forgetPassword(t *testing.T) {
	t.Helper()
	text := strings.Replace(string(read(t, u.clouds())), `password: "alice-pw"`, `comment: ""`, 1)
	if err := os.WriteFile(u.clouds(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (u user) rememberPassword(t *testing.T, p *Pair) {
	t.Helper()
	if err := os.WriteFile(u.clouds(), read(t, p.CloudsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
}
