// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

func TestEndLogins(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	made := d.mustLogin()
	ended, err := d.EndLogins(t.Context(), plugin.EndLoginsRequest{Cloud: "other"})
	var none *plugin.NoKeptLoginError
	if !errors.As(err, &none) || len(ended) > 0 || len(d.KeptLogins()) != 1 {
		t.Errorf("of another cloud: got %+v, %v", ended, err)
	}
	ended, err = d.EndLogins(t.Context(), plugin.EndLoginsRequest{})
	if err != nil || len(ended) != 1 || ended[0].ID != made.ID || ended[0].Store != nil || ended[0].Left != nil {
		t.Errorf("got %+v, %v", ended, err)
	}
	d.nothing()
}

// Whatever fails, it is not used here again, and what is left is said.
func TestEndLoginsGoesOn(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*desk) (store, left bool){
		"the keyring is locked": func(d *desk) (bool, bool) { d.keyring.fail(cache.ErrLocked); return true, false },
		"Keystone is down":      func(d *desk) (bool, bool) { d.cloud.CloseKeystone(); return false, true },
		"the password has changed": func(d *desk) (bool, bool) {
			d.cloud.SetPassword("alice", "other")
			return false, true
		},
		"no login is at hand": func(d *desk) (bool, bool) {
			d.Cloud = openstack.Options{Getenv: func(string) string { return "" }, Now: time.Now}
			return false, true
		},
		"no password is at hand": func(d *desk) (bool, bool) {
			before := d.Cloud.Getenv
			d.Cloud.Getenv = func(name string) string {
				if name == "OS_PASSWORD" {
					return ""
				}
				return before(name)
			}
			return false, true
		},
		"the login at hand is another's": func(d *desk) (bool, bool) {
			before := d.Cloud.Getenv
			d.Cloud.Getenv = func(name string) string {
				if name == "OS_USERNAME" || name == "OS_PASSWORD" {
					return map[string]string{"OS_USERNAME": "bob", "OS_PASSWORD": "bob-pw"}[name]
				}
				return before(name)
			}
			return false, true
		},
	} {
		d := newDesk(t)
		made := d.mustLogin()
		asked := false
		d.Cloud.Ask = func(openstack.Question) (string, error) { asked = true; return "", errors.New("asked") }
		store, left := fail(d)
		ended, err := d.EndLogins(t.Context(), plugin.EndLoginsRequest{})
		if err != nil || len(ended) != 1 || (ended[0].Store != nil) != store || (ended[0].Left != nil) != left {
			t.Errorf("%s: got %+v, %v", name, ended, err)
			continue
		}
		if left && ended[0].Left.ID != made.ID {
			t.Errorf("%s: left %+v", name, ended[0].Left)
		}
		if len(d.KeptLogins()) > 0 || asked {
			t.Errorf("%s: kept %+v, asked somebody: %v", name, d.KeptLogins(), asked)
		}
	}
}

// One login is not used for another account, nor one of several by chance.
func TestKeptLoginIsOfTheAccount(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	if _, err := d.ShowCA(t.Context(), plugin.ShowCARequest{Cluster: "prod", Type: "kubernetes"}); err != nil {
		t.Fatal(err)
	}
	used := func(vars map[string]string) bool {
		before := d.Cloud.Getenv
		defer func() { d.Cloud.Getenv = before }()
		d.Cloud.Getenv = func(name string) string { return vars[name] }
		_, err := d.ShowCA(t.Context(), plugin.ShowCARequest{Cluster: "prod", Type: "kubernetes"})
		return err == nil
	}
	keystone, demo := d.cloud.KeystoneURL(), d.cloud.ProjectID("demo")
	for _, test := range []struct {
		name string
		vars map[string]string
		want bool
	}{
		{"nothing", nil, true},
		{"Keystone", map[string]string{"OS_AUTH_URL": keystone}, true},
		{"the project", map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_ID": demo}, true},
		{"names", map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_ID": "default", "OS_USERNAME": "alice", "OS_USER_DOMAIN_NAME": "Default"}, true},
		{"another Keystone", map[string]string{"OS_AUTH_URL": "http://127.0.0.1:1/v3"}, false},
		{"another project", map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_NAME": "admin"}, false},
		{"another project's id", map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_ID": "x"}, false},
		{"another domain", map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_NAME": "Other"}, false},
		{"another user", map[string]string{"OS_AUTH_URL": keystone, "OS_USERNAME": "bob", "OS_USER_DOMAIN_NAME": "Default"}, false},
		{"another user's id", map[string]string{"OS_AUTH_URL": keystone, "OS_USER_ID": "x"}, false},
	} {
		if got := used(test.vars); got != test.want {
			t.Errorf("%s: used %v", test.name, got)
		}
	}
	keys, all := d.State.KeptLogins()
	other := all[keys[0]]
	other.Cloud = "work"
	if err := d.State.SetKeptLogin(keys[0], other); err != nil {
		t.Fatal(err)
	}
	if used(nil) || used(map[string]string{"OS_AUTH_URL": keystone, "OS_PROJECT_ID": demo}) {
		t.Error("one of clouds.yaml is used for variables")
	}
	user := d.cloud.UserID("alice")
	if !used(map[string]string{"OS_AUTH_URL": keystone, "OS_USER_ID": user, "OS_PROJECT_ID": demo}) {
		t.Error("one of clouds.yaml is not used for variables that name the same account")
	}
	if used(map[string]string{"OS_AUTH_URL": keystone, "OS_USER_ID": "x", "OS_PROJECT_ID": demo}) || used(map[string]string{"OS_AUTH_URL": keystone, "OS_USER_ID": user, "OS_PROJECT_ID": "x"}) {
		t.Error("one of clouds.yaml is used for variables that name another account")
	}
	// Of two none is the one that is meant.
	other.Cloud = ""
	if err := d.State.SetKeptLogin(keys[0], other); err != nil {
		t.Fatal(err)
	}
	other.ProjectID = "x"
	if err := d.State.SetKeptLogin(login.Prefix+"other", other); err != nil {
		t.Fatal(err)
	}
	if used(nil) {
		t.Error("one of two was chosen")
	}
}

// kubectl's calls are by the login that is kept for their user and project.
func TestCredentialByKeptLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Logins = newMemory()
	made, err := s.Login(t.Context(), plugin.LoginRequest{Life: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	s.cloud.SetPassword("alice", "changed")
	s.forget()
	s.cloud.ResetRequests()
	s.good()
	if asked := s.cloud.Requests(); len(asked) != 2 {
		t.Errorf("asked %v", asked)
	}
	// At its end it is not tried.
	s.pass(25 * time.Hour)
	s.cloud.ResetRequests()
	got := s.ask()
	if refused := new(openstack.AuthError); !errors.As(got.err, &refused) || refused.Kept {
		t.Errorf("got %v", got.err)
	}
	s.Cloud.Getenv = func(string) string { return "" }
	var expired *plugin.KeptLoginError
	if got = s.ask(); !errors.As(got.err, &expired) || !expired.ExpiredAt.Equal(made.ExpiresAt) {
		t.Errorf("got %v", got.err)
	}
}

// A keyring that is locked is no reason to refuse a login that is complete.
func TestKeptLoginInALockedKeyring(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	keyring := newMemory()
	s.Logins = keyring
	if _, err := s.Login(t.Context(), plugin.LoginRequest{Life: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	keyring.fail(cache.ErrLocked)
	s.forget()
	s.good()
	s.Cloud.Getenv = func(string) string { return "" }
	s.forget()
	var kept *plugin.KeptLoginError
	if got := s.ask(); !errors.As(got.err, &kept) || !errors.Is(got.err, cache.ErrLocked) {
		t.Errorf("got %v", got.err)
	}
}

// What is remembered is not to be relied on: the record says whose it is.
func TestKeptLoginOfAForgedState(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	keys, all := d.State.KeptLogins()
	evil := magnumtest.New(magnumtest.Options{})
	t.Cleanup(evil.Close)
	forged := all[keys[0]]
	forged.AuthURL = evil.KeystoneURL()
	if err := d.State.SetKeptLogin(keys[0], forged); err != nil {
		t.Fatal(err)
	}
	d.Cloud.Getenv = func(name string) string { return map[string]string{"OS_AUTH_URL": evil.KeystoneURL()}[name] }
	if _, err := d.ShowCA(t.Context(), plugin.ShowCARequest{Cluster: "prod", Type: "kubernetes"}); err == nil || len(evil.Requests()) > 0 {
		t.Errorf("got %v; asked %v", err, evil.Requests())
	}
}

// A logout between the keyring's part of a login and the rest waits for that.
func TestLogoutWhileALoginIsKept(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	puts := 0
	var done sync.WaitGroup
	d.keyring.onPut = func() {
		if puts++; puts == 2 {
			done.Go(func() { _, _ = d.EndLogins(t.Context(), plugin.EndLoginsRequest{}) })
			time.Sleep(50 * time.Millisecond)
		}
	}
	d.mustLogin()
	done.Wait()
	d.nothing()
}

// heeding is a keyring that does nothing for those whose time is up.
type heeding struct{ *memory }

func (h heeding) Delete(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return h.memory.Delete(ctx, key)
}

// keepTwo is a login, and an older one of another project.
func (d *desk) keepTwo() {
	d.mustLogin()
	keys, all := d.State.KeptLogins()
	older, key := all[keys[0]], login.Prefix+"older"
	older.Made, older.ProjectID = older.Made.Add(-time.Hour), "other"
	if err := d.State.SetKeptLogin(key, older); err != nil {
		d.t.Fatal(err)
	}
	d.keyring.data[key] = d.keyring.data[keys[0]]
}

// Secrets go first, whatever becomes of the rest, and who is interrupted ends the
// rest with the same command.
func TestEndLoginsAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.keepTwo()
	d.Logins = heeding{d.keyring}
	ctx, cancel := context.WithCancel(t.Context())
	d.cloud.Intercept(func(http.ResponseWriter, *http.Request) bool { cancel(); return false })
	if _, err := d.EndLogins(ctx, plugin.EndLoginsRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(d.keyring.data) > 0 || len(d.KeptLogins()) > 0 {
		t.Errorf("%d secrets are left, kept are %+v", len(d.keyring.data), d.KeptLogins())
	}
	d.cloud.Intercept(nil)
	ended, err := d.EndLogins(t.Context(), plugin.EndLoginsRequest{})
	if err != nil || len(ended) != 2 || ended[0].Left != nil {
		t.Errorf("got %+v, %v", ended, err)
	}
	d.nothing()
}

// A secret that cannot be erased, of what cannot be revoked, is not used; the same
// command tries again.
func TestEndLoginsThatCannot(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	d.keyring.fail(cache.ErrLocked)
	d.cloud.SetPassword("alice", "other")
	ended, err := d.EndLogins(t.Context(), plugin.EndLoginsRequest{})
	if err != nil || len(ended) != 1 || ended[0].Store == nil || ended[0].Left == nil {
		t.Errorf("got %+v, %v", ended, err)
	}
	d.keyring.fail(nil)
	if _, err := d.ShowCA(t.Context(), plugin.ShowCARequest{Cluster: "prod", Type: "kubernetes"}); err == nil {
		t.Error("it is used")
	}
	d.cloud.SetPassword("alice", "alice-pw")
	if ended, err = d.EndLogins(t.Context(), plugin.EndLoginsRequest{}); err != nil || len(ended) != 1 || ended[0].Store != nil || ended[0].Left != nil {
		t.Errorf("again: got %+v, %v", ended, err)
	}
	d.nothing()
}
