// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// keystone answers logins, or with answer if that is set, and keeps what it
// was asked.
type keystone struct {
	*httptest.Server
	answer http.HandlerFunc

	mu    sync.Mutex
	asked []asked
}

type asked struct {
	Method, Host, Path string
	Header             http.Header
	Body               string
}

func newKeystone(t *testing.T, start func(http.Handler) *httptest.Server) *keystone {
	t.Helper()
	k := &keystone{}
	k.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		k.mu.Lock()
		k.asked = append(k.asked, asked{r.Method, r.Host, r.URL.Path, r.Header, string(body)})
		k.mu.Unlock()
		if k.answer != nil {
			k.answer(w, r)
			return
		}
		k.grant(w, r)
	}))
	t.Cleanup(k.Close)
	return k
}

// grant is a token with a catalog whose Magnum is where the request went.
func (k *keystone) grant(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Subject-Token", "fresh-token")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"token": {"expires_at": "2030-01-02T03:04:05.000000Z",
		"user": {"id": "u1", "name": "alice", "domain": {"id": "default"}},
		"project": {"id": "p1", "name": "demo", "domain": {"id": "default"}},
		"catalog": [
			{"type": "identity", "endpoints": [{"interface": "public", "region": "One", "url": "https://k.invalid/v3"}]},
			{"type": "container-infra", "endpoints": [
				{"interface": "internal", "region": "One", "region_id": "One", "url": "https://internal.invalid/v1"},
				{"interface": "public", "region": "One", "region_id": "One", "url": "%s/v1"},
				{"interface": "public", "region": "Two", "region_id": "Two", "url": "https://two.invalid/magnum/"}
			]}]}}`, "http://"+r.Host)
}

func (k *keystone) requests() []asked {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]asked(nil), k.asked...)
}

// noEnv is an empty environment.
func noEnv(string) string { return "" }

func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

// writeClouds writes a clouds.yaml into a directory of its own.
func writeClouds(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// alice is a cloud at authURL that logs in with a password; more is added to it.
func alice(authURL, more string) string {
	return fmt.Sprintf(`clouds:
  prod:
    auth:
      auth_url: %s
      username: alice
      password: hunter2-secret
      project_name: demo
      user_domain_name: Default
      project_domain_name: Default
%s`, authURL, more)
}

func resolveClouds(t *testing.T, text string) Cloud {
	t.Helper()
	cloud, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, text), Getenv: noEnv, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return cloud
}

// connect logs in to k as alice.
func connect(ctx context.Context, t *testing.T, k *keystone, more string) (*Session, error) {
	t.Helper()
	return resolveClouds(t, alice(k.URL, more)).Connect(ctx, "kubectl-magnum/test")
}

// decoded is JSON as a value to compare.
func decoded(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.NewDecoder(strings.NewReader(text)).Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
