// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"reflect"
	"sync"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack/logintest"
)

// TestSideBySide has OpenStack's own client log in for each case by which package
// plugin/openstack is tested, whose logins those tests see to be what is wanted.
func TestSideBySide(t *testing.T) {
	client, err := exec.LookPath("openstack")
	require.Tool(t, "openstack", err)
	seen := map[string]bool{}
	for _, c := range logintest.All() {
		seen[c.Name] = true
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			got, said := tokenIssue(t, client, c)
			known, differs := differences[c.Name]
			same := len(got) == 1 && reflect.DeepEqual(got[0], decoded(t, `{"auth": `+c.Want+`}`))
			switch {
			case same && differs:
				t.Errorf("no difference any more; it was: %s", known.why)
			case differs && known.nothing != (len(got) == 0):
				t.Errorf("sent %s, but the difference is: %s\n%s", text(t, got), known.why, said)
			case !same && !differs:
				t.Errorf("sent %s\nwant {\"auth\": %s}\n%s", text(t, got), c.Want, said)
			}
		})
	}
	for name := range differences {
		if !seen[name] {
			t.Errorf("no case %q", name)
		}
	}
}

// tokenIssue returns the logins that the client sends, and what it says.
func tokenIssue(t *testing.T, client string, c logintest.Case) (logins []any, said string) {
	t.Helper()
	k := newRecorder(t)
	home := t.TempDir()
	if err := c.Write(home, k.URL); err != nil {
		t.Fatal(err)
	}
	var args []string
	if c.Cloud() != "" {
		args = []string{"--os-cloud", c.Cloud()}
	}
	cmd := exec.CommandContext(t.Context(), client, append(args, "token", "issue")...)
	cmd.Dir = home
	cmd.Env = []string{"HOME=" + home, "PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	for name, value := range c.Variables(k.URL) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	// It may fail: that the answer pleases it is not what counts.
	out, _ := cmd.CombinedOutput()
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.logins, string(out)
}

// recorder takes any login and keeps it.
type recorder struct {
	*httptest.Server
	mu     sync.Mutex
	logins []any
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	k := &recorder{}
	mux := http.NewServeMux()
	k.Server = httptest.NewServer(mux)
	t.Cleanup(k.Close)
	version := fmt.Sprintf(`{"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
		"links": [{"rel": "self", "href": "%s/v3/"}], "media-types": []}`, k.URL)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusMultipleChoices, `{"versions": {"values": [`+version+`]}}`)
	})
	mux.HandleFunc("GET /v3/{$}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, `{"version": `+version+`}`)
	})
	mux.HandleFunc("POST /v3/auth/tokens", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		k.mu.Lock()
		k.logins = append(k.logins, decoded(t, string(body)))
		k.mu.Unlock()
		w.Header().Set("X-Subject-Token", "fresh-token")
		answer(w, http.StatusCreated, `{"token": {"methods": ["password"], "audit_ids": ["a"],
			"issued_at": "2020-01-02T03:04:05.000000Z", "expires_at": "2099-01-02T03:04:05.000000Z",
			"user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}},
			"project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
			"roles": [], "catalog": []}}`)
	})
	return k
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func decoded(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Errorf("%v: %s", err, text)
	}
	return v
}

func text(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
