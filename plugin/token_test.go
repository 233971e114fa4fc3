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
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// tokens is a site whose API server asks Keystone about tokens, and whose context
// is for them.
type tokens struct{ *site }

func newTokens(t *testing.T) tokens {
	t.Helper()
	s := tokens{newSite(t)}
	s.forget()
	s.api.TakeTokens(s.cloud.TokenUser)
	s.config()
	s.cloud.ResetRequests()
	return s
}

func (s tokens) config() *plugin.ConfigResult {
	s.t.Helper()
	r := configProd(s.t)
	r.Lease, r.Token, r.Groups, r.MaxAge = lease, true, nil, 0
	result, err := s.Config(s.t.Context(), r)
	if err != nil {
		s.t.Fatal(err)
	}
	return result
}

func (s tokens) identity() credential.Identity {
	return credential.Identity{
		Cluster: s.uuid(), Project: s.cloud.ProjectID("demo"), Owner: s.cloud.UserID("alice"), Login: &credential.Login{},
	}
}

// handed is what a client got.
type handed struct {
	token   string // "" if it got nothing
	expires time.Time
	notices []string
	err     error
}

// take is a question of a new client.
func (s tokens) take() handed {
	s.t.Helper()
	s.mu.Lock()
	s.clients++
	client := process.ID{PID: s.clients, Start: "x"}
	s.mu.Unlock()
	return s.takeAs(client)
}

func (s tokens) takeAs(client process.ID) handed {
	s.t.Helper()
	trusted := s.trusted
	if trusted == nil {
		trusted = s.State.ReadCAFile(s.uuid())
	}
	var got handed
	r := plugin.CredentialRequest{
		Identity: s.identity(), ClusterName: "prod", Lease: lease, Parent: client, Config: "config",
		Exec: credential.ExecInfo{
			APIVersion: "client.authentication.k8s.io/v1",
			Cluster:    &clientauthv1.Cluster{Server: s.api.URL, CertificateAuthorityData: trusted},
		},
		Code:   func(error) int { return 1 },
		Notice: func(line string) { got.notices = append(got.notices, line) },
	}
	if s.change != nil {
		s.change(&r)
	}
	got.err = s.Credential(s.t.Context(), r, func(data []byte) error {
		var c clientauthv1.ExecCredential
		if err := json.Unmarshal(data, &c); err != nil {
			s.t.Error(err)
		}
		if c.Status.ClientKeyData != "" || c.Status.ClientCertificateData != "" {
			s.t.Errorf("it holds more than a token: %s", data)
		}
		got.token, got.expires = c.Status.Token, c.Status.ExpirationTimestamp.Time
		return nil
	})
	if (got.token == "") != (got.err != nil) {
		s.t.Errorf("got %+v", got)
	}
	return got
}

// fine takes a token, and fails if there is none or more than that.
func (s tokens) fine() handed {
	s.t.Helper()
	got := s.take()
	if got.err != nil || len(got.notices) > 0 {
		s.t.Fatalf("got %v, %q", got.err, got.notices)
	}
	return got
}

// asked is what Keystone and Magnum were asked since the last time.
func (s tokens) asked() []string {
	var all []string
	for _, r := range s.cloud.Requests() {
		path := r.Path
		if i := strings.Index(path, s.uuid()); i >= 0 {
			path = path[:i]
		}
		all = append(all, r.Method+" "+path)
	}
	s.cloud.ResetRequests()
	return all
}

func (s tokens) expect(asked ...string) {
	s.t.Helper()
	if got := s.asked(); !slices.Equal(got, asked) {
		s.t.Errorf("OpenStack was asked %q, want %q", got, asked)
	}
}

const (
	login  = "POST /v3/auth/tokens"
	readCA = "GET /v1/certificates/"
)

// config keeps the token that it has logged in with: nothing is signed, and the
// calls that follow ask nobody.
func TestATokenIsKept(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	start := s.now()
	first := s.fine()
	if user, ok := s.cloud.TokenUser(first.token); !ok || user != "alice" {
		t.Errorf("Keystone says %q, %v of it", user, ok)
	}
	if left := first.expires.Sub(start); left < lease-time.Second || left > lease+2*time.Second {
		t.Errorf("the lease is %s", left)
	}
	for range 20 {
		s.pass(11 * time.Second)
		if got := s.fine(); got.token != first.token || got.expires.Nanosecond() != 0 || got.expires.Before(s.now()) {
			t.Fatalf("got %+v", got)
		}
	}
	s.expect()
	if got, most := s.api.Tokens(), 20*11/60+2; got > most {
		t.Errorf("the API server was shown it %d times", got)
	}
	if s.config(); s.signed() > 0 {
		t.Error("config had a certificate signed")
	}
	s.expect(login, "GET /v1/clusters/prod", "GET /v1/clustertemplates/"+s.template(), readCA)
}

func (s tokens) template() string {
	for _, r := range s.cloud.Requests() {
		if name, ok := strings.CutPrefix(r.Path, "/v1/clustertemplates/"); ok {
			return name
		}
	}
	return ""
}

// A token is replaced in time, at the cost of one request; also where Magnum does
// not answer.
func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.pass(55*time.Minute - 30*time.Second)
	if got := s.fine(); got.token != first.token || got.expires.Sub(s.now()) > 31*time.Second {
		t.Errorf("shortly before: another token, or until %s", got.expires.Sub(s.now()))
	}
	s.expect()
	s.pass(31 * time.Second)
	s.cloud.CloseMagnum()
	second := s.fine()
	if second.token == first.token {
		t.Error("it is still the same")
	}
	s.expect(login)
	if got := s.fine(); got.token != second.token {
		t.Error("the new one is not kept")
	}
	s.expect()
}

// Ten at once have one token given.
func TestATokenIsGotOnce(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	var all sync.Map
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { all.Store(s.fine().token, true) })
	}
	wait.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d tokens", n)
	}
	s.expect(login)
}

// A refused token is replaced once a lease, at the cost of one request.
func TestARefusedTokenIsReplaced(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.pass(2 * lease)
	s.cloud.RevokeToken(first.token)
	second := s.fine()
	if second.token == first.token {
		t.Fatal("it is still the same")
	}
	s.expect(login)
	s.restore(s.store.all[len(s.store.all)-2])
	if got := s.fine(); got.token == first.token {
		t.Error("the revoked one is back")
	}
	s.asked()
	s.api.TakeTokens(nil)
	s.pass(2 * lease)
	var rejected *plugin.TokenRejectedError
	if got := s.take(); !errors.As(got.err, &rejected) || rejected.Before {
		t.Errorf("nobody takes any: got %v", got.err)
	}
	s.expect(login)
	if got := s.take(); !errors.As(got.err, &rejected) || !rejected.Before {
		t.Errorf("again: got %v", got.err)
	}
	s.expect()
	s.api.TakeTokens(s.cloud.TokenUser)
	s.fine()
	s.expect()
}

// A rotation changes the pins and the CA file, and no token. The client that
// notices has the old CA, and gets the token only once it has the new one.
func TestATokenOutlivesARotation(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	s.pass(2 * lease)
	var outdated *plugin.OutdatedClientError
	if got := s.take(); !errors.As(got.err, &outdated) || len(got.notices) > 0 {
		t.Fatalf("a client with the old CA: %v, %q", got.err, got.notices)
	}
	if old := s.trusted; string(s.State.ReadCAFile(s.uuid())) == string(old) {
		t.Error("the CA file is the old one")
	}
	s.trusted = nil
	if got := s.fine(); got.token != first.token {
		t.Error("it is another token")
	}
	if len(s.store.data) != 1 {
		t.Errorf("%d records", len(s.store.data))
	}
}

// A program that runs for long loaded its CAs before the rotation, and cannot say
// that it has loaded the new one since: it keeps its token.
func TestAKnownClientKeepsItsTokenInARotation(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	known := process.ID{PID: 4711, Start: "x"}
	first := s.takeAs(known)
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	for range 3 {
		s.pass(2 * lease)
		if got := s.takeAs(known); got.err != nil || got.token != first.token {
			t.Errorf("got %v", got.err)
		}
	}
	var outdated *plugin.OutdatedClientError
	if got := s.takeAs(process.ID{PID: 4711, Start: "another time"}); !errors.As(got.err, &outdated) {
		t.Errorf("another process of that number: got %v", got.err)
	}
	if got := s.takeAs(process.ID{}); !errors.As(got.err, &outdated) {
		t.Errorf("nobody knows who: got %v", got.err)
	}
}

// In the window of a rotation both CAs count.
func TestATokenInTheWindow(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.openWindow()
	if got := s.fine(); got.token != first.token || s.pins() != 2 {
		t.Errorf("another token, or %d pins", s.pins())
	}
	s.asked()
	s.cloud.RevokeToken(first.token)
	s.pass(2 * lease)
	second := s.fine()
	if second.token == first.token {
		t.Error("a refused one is handed out")
	}
	s.follow()
	if got := s.fine(); got.token != second.token || s.pins() != 1 {
		t.Errorf("after it: another token, or %d pins", s.pins())
	}
	if s.signed() > 0 {
		t.Error("a certificate was signed")
	}
	s.cloud.FinishRotation("prod")
	s.openWindow()
	s.cloud.CloseMagnum()
	s.pass(2 * time.Hour)
	if got := s.fine(); got.token == second.token {
		t.Error("one that has ended is handed out")
	}
}

// No client gets a token that might send it to somebody else. It costs nobody a
// question.
func TestATokenIsWithheld(t *testing.T) {
	t.Parallel()
	var insecure *plugin.InsecureClientError
	var foreign *plugin.ForeignCAError
	cluster := func(edit func(*clientauthv1.Cluster)) func(*plugin.CredentialRequest) {
		return func(r *plugin.CredentialRequest) { edit(r.Exec.Cluster) }
	}
	for name, test := range map[string]struct {
		change func(*plugin.CredentialRequest)
		want   any
	}{
		"no cluster":       {func(r *plugin.CredentialRequest) { r.Exec.Cluster = nil }, &insecure},
		"no verification":  {cluster(func(c *clientauthv1.Cluster) { c.InsecureSkipTLSVerify = true }), &insecure},
		"the system's CAs": {cluster(func(c *clientauthv1.Cluster) { c.CertificateAuthorityData = nil }), &insecure},
		"plain http":       {cluster(func(c *clientauthv1.Cluster) { c.Server = "http" + c.Server[len("https"):] }), &insecure},
		"no scheme":        {cluster(func(c *clientauthv1.Cluster) { c.Server = c.Server[len("https://"):] }), &insecure},
		"a stranger's CA":  {cluster(func(c *clientauthv1.Cluster) { c.CertificateAuthorityData = stranger(t) }), &foreign},
		"and a stranger's": {cluster(func(c *clientauthv1.Cluster) {
			c.CertificateAuthorityData = append(slices.Clone(c.CertificateAuthorityData), stranger(t)...)
		}), &foreign},
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
					s.State = state.Dir{}
				}
				s.change = test.change
				if got := s.take(); !errors.As(got.err, test.want) {
					t.Errorf("got %v", got.err)
				}
				if s.api.Tokens() > shown {
					t.Error("the API server was shown it")
				}
				if test.want == any(&insecure) {
					s.expect()
				}
			})
		}
	}
}

// Where nothing is known of a cluster Magnum is asked for its CA, and no record
// counts.
func TestATokenNeedsAPin(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.trusted = s.State.ReadCAFile(s.uuid())
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	second := s.fine()
	if second.token == first.token || s.pins() != 1 {
		t.Errorf("the same token, or %d pins", s.pins())
	}
	s.expect(login, readCA)
	s.fine()
	s.expect()
	s.State = state.Dir{} // nor can anything be remembered
	s.fine()
	s.expect(login, readCA)
}

// What is of another login, or at its end, is not handed out.
func TestAnotherLoginsTokenIsNot(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	s.change = func(r *plugin.CredentialRequest) { r.Identity.Owner = s.cloud.UserID("bob") }
	var other *plugin.OtherIdentityError
	if got := s.take(); !errors.As(got.err, &other) {
		t.Errorf("of another user: got %v", got.err)
	}
	s.change = func(r *plugin.CredentialRequest) { r.Identity.Project = s.cloud.ProjectID("admin") }
	if got := s.take(); !errors.As(got.err, &other) {
		t.Errorf("of another project: got %v", got.err)
	}
	s.change = nil
	first := s.fine()
	s.asked()
	s.change = func(r *plugin.CredentialRequest) { r.Identity.Login = &credential.Login{Region: "RegionOne"} }
	if got := s.fine(); got.token == first.token {
		t.Error("of another region, and the same")
	}
}

// A login by a token has no other: that one is handed out until it ends, and then
// the login has ended too.
func TestALoginByTokenEnds(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	token := s.cloud.Token("alice", "demo")
	env := map[string]string{"OS_AUTH_URL": s.cloud.KeystoneURL(), "OS_TOKEN": token, "OS_AUTH_TYPE": "v3token"}
	s.Cloud.Getenv = func(name string) string { return env[name] }
	if got := s.fine(); got.token != token {
		t.Error("it is another token")
	}
	s.expect("GET /v3/auth/tokens")
	for _, left := range []time.Duration{4 * time.Minute, 20 * time.Second} {
		s.pass(time.Hour - left - s.now().Sub(time.Now()))
		if got := s.fine(); got.token != token || got.expires.Before(s.now()) || got.expires.Sub(s.now()) > left {
			t.Errorf("%s before its end: until %s", left, got.expires.Sub(s.now()))
		}
		s.expect("GET /v3/auth/tokens")
		s.fine()
		s.expect()
	}
	s.api.TakeTokens(nil)
	s.idle()
	var rejected *plugin.TokenRejectedError
	if got := s.take(); !errors.As(got.err, &rejected) {
		t.Errorf("refused: got %v", got.err)
	}
	s.api.TakeTokens(s.cloud.TokenUser)
	if got := s.fine(); got.token != token {
		t.Error("after that it is another token")
	}
	s.pass(time.Minute)
	var auth *openstack.AuthError
	if got := s.take(); !errors.As(got.err, &auth) {
		t.Errorf("at its end: got %v", got.err)
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

// The one context's credential is not the other's.
func TestCertificatesAndTokensSideBySide(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	r := configProd(t)
	r.Context = "certificate"
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	first, cert := s.fine(), s.site.good()
	status := func() plugin.ClusterStatus {
		all, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"})
		if err != nil || len(all) != 1 || len(all[0].Credentials) != 2 {
			t.Fatalf("got %+v, %v", all, err)
		}
		return all[0]
	}
	if got := status().Credentials[0]; got.Login == nil || got.Store == "" || got.NotAfter.Sub(s.now()) > time.Hour || got.CA != "" {
		t.Errorf("of the token: %+v", got)
	}
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	if got := status(); got.Credentials[0].Store == "" || got.Credentials[1].Store != "" {
		t.Errorf("after a rotation: %+v", got.Credentials)
	}
	if s.store.has(s.site.identity().Key()) || !s.store.has(s.identity().Key()) {
		t.Error("the certificate is still kept, or the token is not")
	}
	if got := s.fine(); got.token != first.token {
		t.Error("it is another token")
	}
	if got := s.site.good(); got.cert.Equal(cert.cert) {
		t.Error("it is the old certificate")
	}
}

// With tokens alone status learns of a rotation, and says what it refuses.
func TestStatusOfTokens(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.api.TakeTokens(nil)
	all, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"})
	if err != nil || len(all) != 1 || !strings.Contains(all[0].Verdict, "refuses the cached token") {
		t.Errorf("got %+v, %v", all, err)
	}
	s.api.TakeTokens(s.cloud.TokenUser)
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	all, err = s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"})
	if err != nil || len(all) != 1 || all[0].Agree || s.pins() != 1 || !s.store.has(s.identity().Key()) {
		t.Errorf("got %+v, %v", all, err)
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

// A rotation that this program carries out has nothing signed for a token.
func TestARotationStocksNoTokens(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	if _, err := s.Rotate(t.Context(), plugin.RotateRequest{
		Cluster: "prod", Confirm: func(plugin.RotatePlan) error { return nil }, Say: func(string) {},
	}); err != nil {
		t.Fatal(err)
	}
	if s.store.has(s.identity().Key()) || !s.store.has(s.site.identity().Key()) {
		t.Error("there is a record of the token, or none of the certificate")
	}
}

// A token that no store takes works all the same, and so does one of a version
// that is not ours to erase.
func TestATokenThatIsNotKept(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	var said []error
	s.change = func(r *plugin.CredentialRequest) { r.NotKept = func(err error) { said = append(said, err) } }
	s.store.data[s.identity().Key()] = []byte(`{"v":2,"token":"x"}`)
	s.fine()
	s.fine()
	s.expect(login, login)
	var notKept *plugin.NotKeptError
	if len(said) != 1 || !errors.As(said[0], &notKept) || !notKept.Token || !errors.Is(said[0], credential.ErrNewerVersion) {
		t.Errorf("told %v", said)
	}
	if string(s.store.data[s.identity().Key()]) != `{"v":2,"token":"x"}` {
		t.Error("a later version's record was erased")
	}
	s.store.fail(errors.New("too big"))
	s.fine()
}

// Keystone is asked anew where it answers with what is no token.
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
	if got := s.take(); !errors.Is(got.err, credential.ErrNotToken) || n.Load() != 1 {
		t.Errorf("got %v after %d requests", got.err, n.Load())
	}
}
