// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Secrets of two kinds: one that passes for a request id or a name, and one
// that is written differently wherever it goes.
const (
	plainSecret = "hunter2-secret"
	oddSecret   = `pä"ss' <&>\%/+ ?word` + "\u202e"
)

// TestVerboseShowsNoSecret plants secrets wherever there are some, has servers
// repeat them in every way, and looks for them in all that is printed.
func TestVerboseShowsNoSecret(t *testing.T) {
	for _, secret := range []string{plainSecret, oddSecret} {
		l := newLeaks(t, secret)
		l.cloud.SetPassword("alice", secret)
		l.clouds(string(l.cloud.CloudsYAML()))
		t.Run("keystone", func(t *testing.T) { l.repeated(t, "/v3", "(password)") })
		t.Run("magnum", func(t *testing.T) { l.repeated(t, "/v1", "(token)") })
		t.Run("logins", l.logins)
		t.Run("record", l.records)
		t.Run("token", l.tokens)
		t.Run("token command", l.tokenCommands)
	}
}

// A secret that this program makes itself.
func TestVerboseShowsNoKeptSecret(t *testing.T) {
	l := newLeaks(t, "alice-pw")
	l.clouds(string(l.cloud.CloudsYAML()))
	l.keptLogin(t)
}

// repeated has the service at a path repeat the secret, and the tokens it sees,
// in every form and place.
func (l *leaks) repeated(t *testing.T, path, carried string) {
	for place, answer := range places {
		for _, form := range forms(l.planted[0]) {
			l.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				token := r.Header.Get("X-Auth-Token")
				l.plant(token)
				if !strings.HasPrefix(r.URL.Path, path) {
					return false
				}
				if strings.Contains(place, "token") {
					form = token + "fresh-token"
				}
				w.Header().Set("X-Subject-Token", "fresh-token")
				answer(w, form)
				return true
			})
			_, stderr := l.run(t, "config", "prod", "-v")
			if !strings.Contains(stderr, carried) {
				t.Errorf("%s: no line about the request in\n%s", place, stderr)
			}
		}
	}
	l.cloud.Intercept(nil)
}

// logins are all ways to log in, good ones and refused ones.
func (l *leaks) logins(t *testing.T) {
	good := string(l.cloud.CloudsYAML())
	for line := range strings.Lines(good) {
		if _, value, ok := strings.Cut(line, "application_credential_secret: "); ok {
			l.plant(strings.Trim(value, "\"\n"))
		}
	}
	token := l.cloud.Token("alice", "demo")
	l.plant(token)
	quoted, _ := json.Marshal(l.planted[0])
	fill := strings.NewReplacer("KEYSTONE", l.cloud.KeystoneURL(), "TOKEN", token, "SECRET", string(quoted), "ESCAPED", url.QueryEscape(l.planted[0]))
	for _, test := range []struct{ cloud, want string }{
		{"auth: {auth_url: 'KEYSTONE', application_credential_id: x, application_credential_secret: SECRET}", "(application credential secret)"},
		{"auth: {auth_url: 'KEYSTONE', token: TOKEN}", "(token)"},
		{"auth: {auth_url: 'KEYSTONE', token: SECRET}", "(token)"},
		{"auth: {auth_url: 'KEYSTONE', token: SECRET, project_id: x}", "(token)"},
		{"auth: {auth_url: 'KEYSTONE', username: alice, passcode: SECRET}", "there is no login"},
		{"auth: {auth_url: 'http://alice:ESCAPED@127.0.0.1:1/v3', token: TOKEN}", "there is no login"},
		{"auth: {auth_url: 'KEYSTONE?key=ESCAPED', token: TOKEN}", "(token)"},
		{"container_infra_endpoint_override: 'http://alice:ESCAPED@127.0.0.1:1'\n    auth: {auth_url: 'KEYSTONE', token: TOKEN}", "(token)"},
		{"auth: {password: SECRET", "there is no login"},
	} {
		l.clouds(fill.Replace("clouds:\n  alice:\n    " + test.cloud))
		l.login(t, test.want)
	}
	l.clouds(good)
	l.env = map[string]string{"OS_CLOUD": "alice-appcred"}
	l.login(t, "201 req-")
	l.env = map[string]string{
		"OS_AUTH_URL": l.cloud.KeystoneURL(), "OS_USERNAME": "alice", "OS_PASSWORD": l.planted[0],
		"OS_PROJECT_NAME": "demo", "OS_DEFAULT_DOMAIN": "default",
	}
	l.login(t, "201 req-")
	l.env = map[string]string{"OS_CLOUD": "alice"}
}

// keptLogin makes an application credential, has servers repeat its secret
// wherever they are sent it, and uses it.
func (l *leaks) keptLogin(t *testing.T) {
	for place, answer := range places {
		for _, path := range []string{"/application_credentials", "/auth/tokens", "repeated"} {
			l.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				_, rest, sent := strings.Cut(string(body), `"secret":"`)
				if secret, _, _ := strings.Cut(rest, `"`); sent {
					l.plant(secret)
					if strings.HasSuffix(r.URL.Path, path) {
						answer(w, secret)
						return true
					}
				}
				return path == "repeated" && !sent && l.repeatedLater(w, r, answer)
			})
			if stdout, stderr := l.run(t, "login", "-v"); stdout != "" || !strings.Contains(stderr, "/application_credentials") {
				t.Errorf("%s: %s\n%s", place, stdout, stderr)
			}
		}
	}
	l.cloud.Intercept(nil)
	planted := len(l.planted)
	l.run(t, "login", "-v")
	for _, c := range l.keptSecrets(t) {
		l.plant(c)
	}
	if len(l.planted) != planted+1 {
		t.Errorf("%d secrets are kept", len(l.planted)-planted)
	}
	l.run(t, "login", "-v")
	for _, c := range l.keptSecrets(t) {
		l.plant(c)
	}
	l.login(t, "(application credential secret)")
	l.run(t, "status", "-v")
	for _, c := range l.cloud.ApplicationCredentials() {
		l.cloud.RevokeApplicationCredential(c.ID)
	}
	l.login(t, "hint: log in again")
	l.run(t, "logout", "--login", "-v")
	if left := l.keptSecrets(t); len(left) > 0 {
		t.Errorf("%d secrets are left", len(left))
	}
}

// repeatedLater has Keystone repeat the secret when it is asked to revoke what
// Magnum does not take.
func (l *leaks) repeatedLater(w http.ResponseWriter, r *http.Request, answer func(http.ResponseWriter, string)) bool {
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1"):
		w.WriteHeader(http.StatusUnauthorized)
	case strings.Contains(r.URL.Path, "/application_credentials"):
		answer(w, l.planted[len(l.planted)-1])
	default:
		return false
	}
	return true
}

// keptSecrets are those of application credentials in the store.
func (l *leaks) keptSecrets(t *testing.T) (secrets []string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(string(l.store), "v1-login-*"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var kept struct{ Secret string }
		if err := json.Unmarshal(data, &kept); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, kept.Secret)
	}
	return secrets
}

func (l *leaks) login(t *testing.T, want string) {
	t.Helper()
	_, stderr := l.run(t, "config", "prod", "-v")
	if !strings.Contains(stderr, want) {
		t.Errorf("no %q in\n%s", want, stderr)
	}
}

// records are keys in the store, good ones and damaged ones, and what an API
// server and a proxy are told with them.
func (l *leaks) records(t *testing.T) {
	secret := l.planted[0]
	if stdout, stderr := l.run(t, "config", "prod", "-v"); !strings.Contains(stdout, "Context") {
		t.Fatal(stderr)
	}
	files, _ := filepath.Glob(filepath.Join(string(l.store), "v1-cert-*"))
	if len(files) != 1 {
		t.Fatalf("%d records", len(files))
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	l.plantKey(t, good)
	at, _ := url.Parse(l.api.URL)
	at.User, at.RawQuery = url.UserPassword("alice", secret), "key="+url.QueryEscape(secret)
	ca, _ := l.cloud.CA("prod")
	l.api.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Openstack-Request-Id", secret)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, secret)
	})
	defer l.api.Answer(nil)
	for _, proxy := range []string{"", "http://alice:" + url.QueryEscape(secret) + "@127.0.0.1:1"} {
		asked := execInfo(t, at.String(), proxy, ca)
		for _, record := range []string{
			string(good), strings.Replace(string(good), `"iat":1`, `"iat":9`, 1), strings.Replace(string(good), `"iat":1`, `"iat":`, 1),
			strings.Replace(string(good), `"key":"`, `"key":"A`, 1), strings.Replace(string(good), `"v":1`, `"v":2`, 1),
			strings.Replace(string(good), `{`, fmt.Sprintf(`{%q:1,`, secret), 1), string(good[1:]), secret,
		} {
			if err := os.WriteFile(files[0], []byte(record), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(l.home, ".local", "state", "kubectl-magnum", "uses")); err != nil {
				t.Fatal(err)
			}
			l.env = map[string]string{"OS_CLOUD": "alice", debugVar: "1", "KUBERNETES_EXEC_INFO": asked}
			_, stderr := l.run(t, "credential", "--cluster", l.cloud.ClusterUUID("prod"), "--os-cloud=alice", "--user=alice",
				"--group=system:masters", "--user-id", l.cloud.UserID("alice"), "--project-id", l.cloud.ProjectID("demo"))
			if !strings.Contains(stderr, `store "test": hit`) || record == string(good) && !strings.Contains(stderr, "debug: GET https://") {
				t.Errorf("no line about the store, or the API server, in\n%s", stderr)
			}
			l.run(t, "status", "-v")
		}
	}
	l.env = map[string]string{"OS_CLOUD": "alice"}
}

func execInfo(t *testing.T, server, proxy string, ca []byte) string {
	t.Helper()
	asked, err := json.Marshal(map[string]any{
		"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "spec": map[string]any{"cluster": map[string]any{
			"server": server, "proxy-url": proxy, "certificate-authority-data": ca,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(asked)
}

// tokens are handed out, kept, shown to an API server that repeats them, and
// refused.
func (l *leaks) tokens(t *testing.T) {
	if err := l.store.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.api.Answer(func(w http.ResponseWriter, r *http.Request) {
		said := r.Header.Get("Authorization")
		w.Header().Set("X-Openstack-Request-Id", said)
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, said)
	})
	defer l.api.Answer(nil)
	stdout, stderr := l.run(t, "config", "prod", "--auth", "token", "-v")
	files, _ := filepath.Glob(filepath.Join(string(l.store), "v1-token-*"))
	if len(files) != 1 {
		t.Fatalf("%d records", len(files))
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	token := kept(good)
	if l.plant(token); token == "" || strings.Contains(stdout+stderr, token) {
		t.Errorf("config shows %q in\n%s%s", token, stdout, stderr)
	}
	ca, _ := l.cloud.CA("prod")
	l.env = map[string]string{"OS_CLOUD": "alice", debugVar: "1", "KUBERNETES_EXEC_INFO": execInfo(t, l.api.URL, "", ca)}
	for _, record := range []string{
		string(good), strings.Replace(string(good), `"iat":1`, `"iat":9`, 1), strings.Replace(string(good), `"token":"`, `"token":" `, 1),
		strings.Replace(string(good), `"v":1`, `"v":2`, 1), string(good[1:]),
	} {
		if err := os.WriteFile(files[0], []byte(record), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(l.home, ".local", "state", "kubectl-magnum", "uses")); err != nil {
			t.Fatal(err)
		}
		stdout, stderr := l.run(t, "credential", "--cluster", l.cloud.ClusterUUID("prod"), "--os-cloud=alice", "--os-region-name=RegionOne",
			"--auth=token", "--user-id", l.cloud.UserID("alice"), "--project-id", l.cloud.ProjectID("demo"))
		if !strings.Contains(stderr, `store "test": hit`) || record == string(good) && !strings.Contains(stderr, ", with token") {
			t.Errorf("no line about the store, or the API server, in\n%s", stderr)
		}
		if got := kept([]byte(stdout)); got != "" {
			if l.plant(got); strings.Contains(stderr, got) {
				t.Errorf("%q is shown in\n%s", got, stderr)
			}
		}
		l.run(t, "status", "-v")
		l.run(t, "status", "-v", "-o", "json")
	}
	l.env = map[string]string{"OS_CLOUD": "alice"}
}

// kept is the token of a record.
func kept(record []byte) string {
	_, token, _ := strings.Cut(string(record), `"token":"`)
	token, _, _ = strings.Cut(token, `"`)
	return token
}
