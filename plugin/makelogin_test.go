// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// desk is alice at a machine with a keyring.
type desk struct {
	*plugin.Plugin
	t       *testing.T
	cloud   *magnumtest.Server
	keyring *memory
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	p, cloud := newPlugin(t, magnumtest.Options{})
	d := &desk{Plugin: p, t: t, cloud: cloud, keyring: newMemory()}
	p.Logins = d.keyring
	return d
}

func (d *desk) login(ctx context.Context) (*plugin.LoginResult, error) {
	return d.Login(ctx, plugin.LoginRequest{Life: 24 * time.Hour, Host: "desk\x1b[2J of/alice"})
}

func (d *desk) mustLogin() *plugin.LoginResult {
	d.t.Helper()
	r, err := d.login(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// nothing says that there is neither an application credential nor a secret of
// one.
func (d *desk) nothing() {
	d.t.Helper()
	if made := d.cloud.ApplicationCredentials(); len(made) > 0 {
		d.t.Errorf("left are %+v", made)
	}
	if len(d.keyring.data) > 0 || len(d.KeptLogins()) > 0 {
		d.t.Errorf("kept are %d secrets and %+v", len(d.keyring.data), d.KeptLogins())
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r := d.mustLogin()
	made := d.cloud.ApplicationCredentials()
	want := []string{"GET /v1/clusters", "GET /v1/clusters/*", "GET /v1/clustertemplates/*", "GET /v1/certificates/*", "POST /v1/certificates"}
	if len(made) != 1 || made[0].ID != r.ID || !cmp.Equal(made[0].Rules, want) || !cmp.Equal(r.Rules, want) {
		t.Errorf("made %+v, told %+v", made, r)
	}
	if left := time.Until(made[0].ExpiresAt); left > 24*time.Hour || left < 23*time.Hour || !r.ExpiresAt.Equal(made[0].ExpiresAt) {
		t.Errorf("it ends at %s, told %s", made[0].ExpiresAt, r.ExpiresAt)
	}
	if !strings.HasPrefix(r.Name, "kubectl-magnum-desk__2J_of_alice-2") || r.Name != made[0].Name {
		t.Errorf("it is called %q, told %q", made[0].Name, r.Name)
	}
	if r.User != "alice" || r.Project != "demo" || r.Clusters != 8 || r.Store != "memory" || r.Left != nil {
		t.Errorf("told %+v", r)
	}
	kept := d.KeptLogins()
	if len(kept) != 1 || kept[0].ID != r.ID || kept[0].ProjectID != d.cloud.ProjectID("demo") {
		t.Errorf("kept %+v", kept)
	}
	for _, data := range d.keyring.data {
		record, err := login.Decode(data)
		if err != nil || record.ID != r.ID || record.AuthURL != d.cloud.KeystoneURL() {
			t.Errorf("the record is %+v, %v", record, err)
		}
	}
	if len(d.keyring.data) != 1 {
		t.Errorf("%d records", len(d.keyring.data))
	}
}

// Before anybody is asked for a password it is known that it is of use.
func TestLoginWithoutAKeyringAsksNobody(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, err := range []error{cache.ErrLocked, cache.ErrTimeout, cache.ErrUnavailable} {
		d.keyring.fail(err)
		var refused *plugin.LoginStoreError
		if _, got := d.login(t.Context()); !errors.As(got, &refused) || !errors.Is(got, err) {
			t.Errorf("%v: got %v", err, got)
		}
	}
	for _, store := range []plugin.Store{nil, cache.None{}} {
		d.Logins = store
		var refused *plugin.LoginStoreError
		if _, err := d.login(t.Context()); !errors.As(err, &refused) {
			t.Errorf("%T: got %v", store, err)
		}
	}
	if asked := d.cloud.Requests(); len(asked) > 0 {
		t.Errorf("asked %v", asked)
	}
}

// Whatever fails after it was made, nothing is left of it.
func TestLoginTakesBackWhatItMade(t *testing.T) {
	t.Parallel()
	fail := func(d *desk, service, method string, code int) func() {
		return func() {
			d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, service) || r.Method != method || len(d.cloud.ApplicationCredentials()) == 0 {
					return false
				}
				w.WriteHeader(code)
				return true
			})
		}
	}
	for name, prepare := range map[string]func(*desk){
		"Magnum takes no access rules": func(d *desk) { d.cloud.RefuseAccessRules() },
		"Magnum fails":                 func(d *desk) { fail(d, "/v1/clusters", "GET", 500)() },
		"Keystone does not know it":    func(d *desk) { fail(d, "/v3/auth/tokens", "POST", 404)() },
		"Keystone knows no access rules": func(d *desk) {
			d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/application_credentials") || r.Header.Get("X-Again") != "" {
					return false
				}
				body, _ := io.ReadAll(r.Body)
				r.Header.Set("X-Again", "1")
				r.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), `"access_rules"`, `"other"`, 1)))
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write(forward(t, d.cloud, r))
				return true
			})
		},
		"the keyring fails": func(d *desk) {
			puts := 0
			d.keyring.onPut = func() {
				if puts++; puts > 1 {
					d.keyring.fail(cache.ErrFull)
				}
			}
		},
		"the state directory cannot be written": func(d *desk) {
			if err := os.MkdirAll(d.State.Path, 0o700); err != nil {
				t.Error(err)
			}
			if err := os.WriteFile(filepath.Join(d.State.Path, "kept"), nil, 0o600); err != nil {
				t.Error(err)
			}
		},
	} {
		d := newDesk(t)
		prepare(d)
		if r, err := d.login(t.Context()); err == nil {
			t.Errorf("%s: got %+v", name, r)
		}
		d.keyring.fail(nil)
		d.nothing()
	}
}

func TestLoginSaysThatMagnumTakesNoAccessRules(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cloud.RefuseAccessRules()
	var refused *plugin.RulesRefusedError
	if _, err := d.login(t.Context()); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
}

// Ctrl-C comes at each request, and whatever it ends leaves nothing behind.
func TestLoginInterrupted(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		d := newDesk(t)
		ctx, cancel := context.WithCancel(t.Context())
		var asked atomic.Int32
		d.cloud.Intercept(func(http.ResponseWriter, *http.Request) bool {
			if int(asked.Add(1)) == at {
				cancel()
			}
			return false
		})
		_, err := d.login(ctx)
		cancel()
		if int(asked.Load()) < at {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("at request %d: got %v", at, err)
		}
		d.nothing()
	}
}

// An answer that is lost leaves nothing behind.
func TestLoginWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	lose := true
	d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if lose && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/application_credentials") {
			lose = false
			forward(t, d.cloud, r)
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return true
		}
		return false
	})
	if r, err := d.login(t.Context()); err == nil {
		t.Errorf("got %+v", r)
	}
	d.nothing()
}

// forward has the cloud carry out a request that makes an application credential.
func forward(t *testing.T, cloud *magnumtest.Server, r *http.Request) (body []byte) {
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), r.Method, "http://"+r.Host+r.URL.Path, r.Body)
	if err != nil {
		t.Error(err)
		return nil
	}
	req.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(req)
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Errorf("%v, %v", answer, err)
		return nil
	}
	defer func() { _ = answer.Body.Close() }()
	if len(cloud.ApplicationCredentials()) != 1 {
		t.Error("nothing was made")
	}
	body, _ = io.ReadAll(answer.Body)
	return body
}

func TestLoginThatCannotBeTakenBackSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cloud.RefuseAccessRules()
	d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return r.Method == http.MethodDelete
	})
	_, err := d.login(t.Context())
	var left *plugin.LeftError
	var refused *plugin.RulesRefusedError
	made := d.cloud.ApplicationCredentials()
	if !errors.As(err, &left) || !errors.As(err, &refused) || len(made) != 1 || left.ID != made[0].ID {
		t.Errorf("got %v, left %v", err, made)
	}
}

// A login that fails leaves the former one as it was.
func TestLoginThatFailsKeepsTheFormer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.mustLogin()
	before := d.keyring.data[slices.Collect(keysOf(d.keyring))[0]]
	kept := filepath.Join(d.State.Path, "kept")
	if err := os.Rename(kept, kept+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := d.login(t.Context()); err == nil {
		t.Fatalf("got %+v", r)
	}
	made := d.cloud.ApplicationCredentials()
	if len(made) != 1 || made[0].ID != first.ID {
		t.Errorf("left are %+v", made)
	}
	if after := d.keyring.data[slices.Collect(keysOf(d.keyring))[0]]; !cmp.Equal(before, after) {
		t.Error("the record has changed")
	}
}

func keysOf(m *memory) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m.data {
			if !yield(key) {
				return
			}
		}
	}
}

func TestLoginOfOneWhoMayNotDelegate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, d.cloud.CloudsYAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Cloud = openstack.Options{Cloud: "alice-appcred", File: file, Getenv: func(string) string { return "" }, Now: time.Now}
	var refused *plugin.MayNotDelegateError
	if _, err := d.login(t.Context()); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	d.nothing()
}
