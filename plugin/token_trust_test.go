// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

// No client gets a token that might send it to somebody else. It costs nobody a
// question.
func TestATokenIsWithheld(t *testing.T) {
	t.Parallel()
	insecure, never, foreign := isA[*plugin.InsecureClientError], isA[*plugin.NotConfiguredError], isA[*plugin.ForeignCAError]
	cluster := func(edit func(*clientauthv1.Cluster)) func(*plugin.CredentialRequest) {
		return func(r *plugin.CredentialRequest) { edit(r.Exec.Cluster) }
	}
	for name, test := range map[string]struct {
		change func(*plugin.CredentialRequest)
		want   func(error) bool
	}{
		"no cluster":       {func(r *plugin.CredentialRequest) { r.Exec.Cluster = nil }, insecure},
		"no verification":  {cluster(func(c *clientauthv1.Cluster) { c.InsecureSkipTLSVerify = true }), insecure},
		"the system's CAs": {cluster(func(c *clientauthv1.Cluster) { c.CertificateAuthorityData = nil }), insecure},
		"plain http":       {cluster(func(c *clientauthv1.Cluster) { c.Server = "http" + c.Server[len("https"):] }), insecure},
		"no scheme":        {cluster(func(c *clientauthv1.Cluster) { c.Server = c.Server[len("https://"):] }), insecure},
		"a stranger's CA":  {cluster(func(c *clientauthv1.Cluster) { c.CertificateAuthorityData = stranger(t) }), foreign},
		"and a stranger's": {cluster(func(c *clientauthv1.Cluster) {
			c.CertificateAuthorityData = append(slices.Clone(c.CertificateAuthorityData), stranger(t)...)
		}), foreign},
	} {
		for _, having := range []string{"a token", "none", "no state"} {
			t.Run(name+", "+having, func(t *testing.T) {
				t.Parallel()
				s := newTokens(t)
				s.trusted = s.State.ReadCAFile(s.uuid())
				shown := s.api.Tokens()
				switch having {
				case "none":
					s.forget()
				case "no state":
					if err := os.RemoveAll(s.State.Path); err != nil {
						t.Fatal(err)
					}
				}
				s.change = test.change
				want := test.want
				if having == "no state" {
					want = never
				}
				got := s.take()
				if !want(got.err) || !isA[*plugin.ClusterError](got.err) {
					t.Errorf("got %v", got.err)
				}
				if s.api.Tokens() > shown {
					t.Error("the API server was shown it")
				}
				if !foreign(got.err) {
					s.expect()
				}
			})
		}
	}
}

// Only who has run config here gives tokens away: anybody's kubeconfig could ask
// for them.
func TestATokenNeedsConfig(t *testing.T) {
	t.Parallel()
	never := new(*plugin.NotConfiguredError)
	for name, edit := range map[string]func(tokens){
		"all is lost":       func(s tokens) { _ = os.RemoveAll(s.State.Path) },
		"the login is lost": func(s tokens) { _ = os.RemoveAll(filepath.Join(s.State.Path, "logins")) },
		"the pins are lost": func(s tokens) { _ = os.RemoveAll(filepath.Join(s.State.Path, "clusters")) },
		"of another region": func(s tokens) { s.Cloud.Region = "RegionOne" },
		"of another cluster": func(s tokens) {
			s.change = func(r *plugin.CredentialRequest) { r.Identity.Cluster = s.cloud.ClusterUUID("dev") }
		},
	} {
		s := newTokens(t)
		s.trusted = s.State.ReadCAFile(s.uuid())
		shown := s.api.Tokens()
		edit(s)
		for range 2 {
			if got := s.take(); !errors.As(got.err, never) || s.api.Tokens() > shown {
				t.Errorf("%s: got %v", name, got.err)
			}
			s.expect()
			s.forget()
		}
	}
	s := tokens{newSite(t)} // where there are certificates alone
	s.api.TakeTokens(s.cloud.TokenUser)
	if got := s.take(); !errors.As(got.err, never) || s.api.Tokens() > 0 {
		t.Errorf("got %v", got.err)
	}
	s.expect()
}

// Who is an administrator has every cluster's CA from Magnum, also a stranger's.
func TestAStrangersClusterGetsNoToken(t *testing.T) {
	t.Parallel()
	s := tokens{newSite(t)}
	s.cloud.AddUser("boss", "pw", "demo", "admin")
	getenv := s.Cloud.Getenv
	s.Cloud.Getenv = func(name string) string {
		switch name {
		case "OS_USERNAME":
			return "boss"
		case "OS_PASSWORD":
			return "pw"
		}
		return getenv(name)
	}
	s.trusted = s.State.ReadCAFile(s.uuid())
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	s.forget()
	s.api.TakeTokens(s.cloud.TokenUser)
	s.change = func(r *plugin.CredentialRequest) { r.Identity.Owner = s.cloud.UserID("boss") }
	if got := s.take(); !errors.As(got.err, new(*plugin.NotConfiguredError)) || s.api.Tokens() > 0 {
		t.Errorf("got %v", got.err)
	}
	s.expect()
}

// What is of another login, or at its end, is not handed out.
func TestAnotherLoginsTokenIsNot(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	var other *plugin.OtherIdentityError
	getenv := s.Cloud.Getenv
	for name, value := range map[string]string{"OS_USERNAME": "bob", "OS_PASSWORD": "bob-pw"} {
		before := s.Cloud.Getenv
		s.Cloud.Getenv = func(asked string) string {
			if asked == name {
				return value
			}
			return before(asked)
		}
	}
	s.forget()
	if got := s.take(); !errors.As(got.err, &other) {
		t.Errorf("of another user: got %v", got.err)
	}
	s.Cloud.Getenv = getenv
	s.fine()
	s.change = func(r *plugin.CredentialRequest) { r.Identity.Login = &credential.Login{Region: "RegionOne"} }
	if got := s.take(); !errors.As(got.err, new(*plugin.NotConfiguredError)) {
		t.Errorf("of another region: got %v", got.err)
	}
}

// A clock that is ahead makes every token seem to have ended.
func TestATokenThatHasEndedIsSaidToHave(t *testing.T) {
	t.Parallel()
	for given, env := range map[bool]string{false: "", true: "OS_TOKEN"} {
		s := newTokens(t)
		s.forget()
		getenv := s.Cloud.Getenv
		token := s.cloud.Token("alice", "demo")
		s.Cloud.Getenv = func(name string) string {
			if given && (name == "OS_USERNAME" || name == "OS_PASSWORD") {
				return ""
			}
			if name == env {
				return token
			}
			return getenv(name)
		}
		ahead := s.Now
		s.Now = func() time.Time { return ahead().Add(2 * time.Hour) }
		var ended *plugin.EndedTokenError
		if got := s.take(); !errors.As(got.err, &ended) || ended.Given != given || len(s.store.data) > 0 {
			t.Errorf("given %v: got %v", given, got.err)
		}
		s.asked()
		if got := s.take(); !given && (!errors.As(got.err, new(*plugin.HeldError)) || len(s.asked()) > 0) {
			t.Errorf("again: got %v", got.err)
		}
	}
}

// config says so where the API server takes no token.
func TestConfigSaysThatTokensAreRefused(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	if got := s.config().Warnings; len(got) != 1 || !strings.Contains(got[0], "all rights of your OpenStack login") {
		t.Errorf("warned of %q", got)
	}
	s.api.TakeTokens(nil)
	if got := s.config().Warnings; len(got) != 2 || !strings.Contains(got[1], "refuses Keystone's token") {
		t.Errorf("warned of %q", got)
	}
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	shown := s.api.Tokens()
	s.config()
	if s.api.Tokens() > shown {
		t.Error("a stranger was shown the token")
	}
}

// logout erases tokens as it does keys, also those of which nothing is known.
func TestLogoutErasesTokens(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*site){
		"known":     func(*site) {},
		"forgotten": func(s *site) { _ = os.RemoveAll(filepath.Join(s.State.Path, "credentials")) },
	} {
		for _, cluster := range []string{"prod", ""} {
			s := newTokens(t)
			first := s.fine()
			edit(s.site)
			record := s.store.all[len(s.store.all)-1]
			if _, err := s.logout(cluster); err != nil || len(s.store.data) > 0 {
				t.Errorf("%s, %q: %v, %d records", name, cluster, err, len(s.store.data))
			}
			second := s.fine()
			s.restore(record)
			if got := s.fine(); second.token == first.token || got.token == first.token {
				t.Errorf("%s, %q: the old one is used", name, cluster)
			}
		}
	}
}

// Keystone is left alone for a while where it answers with what is no token.
func TestWhatIsNoTokenIsRefused(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	var n atomic.Int32
	s.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		n.Add(1)
		w.Header().Set("X-Subject-Token", "two words")
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
			"user": map[string]string{"id": s.cloud.UserID("alice")}, "project": map[string]string{"id": s.cloud.ProjectID("demo")},
			"expires_at": s.now().Add(time.Hour).UTC().Format(time.RFC3339),
			"catalog": []any{map[string]any{"type": "container-infra", "endpoints": []any{
				map[string]string{"interface": "public", "url": s.cloud.MagnumURL()},
			}}},
		}})
		return true
	})
	for range 3 {
		if got := s.take(); !errors.Is(got.err, credential.ErrNotToken) || n.Load() != 1 {
			t.Errorf("got %v after %d requests", got.err, n.Load())
		}
	}
	s.pass(31 * time.Second)
	if got := s.take(); !errors.Is(got.err, credential.ErrNotToken) || n.Load() != 2 {
		t.Errorf("half a minute later: got %v after %d requests", got.err, n.Load())
	}
}
