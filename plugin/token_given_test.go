// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

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
		s.pass(time.Hour - left - time.Until(s.now()))
		if got := s.fine(); got.token != token || got.expires.Before(s.now()) || got.expires.Sub(s.now()) > left {
			t.Errorf("%s before its end: until %s", left, got.expires.Sub(s.now()))
		}
		s.expect("GET /v3/auth/tokens")
		s.fine()
		s.expect()
	}
	var seen atomic.Int32
	s.api.TakeTokens(func(string) (string, bool) { return "alice", seen.Add(1) > 1 })
	s.idle()
	s.fine() // refused, and then not
	s.asked()
	if s.fine(); len(s.asked()) > 0 || seen.Load() != 2 {
		t.Error("the only token there is was revoked")
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

// Who logs in by a token and then out has to get another one.
func TestALoginByTokenEndsWithLogout(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	token := s.cloud.Token("alice", "demo")
	env := map[string]string{"OS_AUTH_URL": s.cloud.KeystoneURL(), "OS_TOKEN": token, "OS_AUTH_TYPE": "v3token"}
	s.Cloud.Getenv = func(name string) string { return env[name] }
	s.fine()
	if _, err := s.logout("prod"); err != nil {
		t.Fatal(err)
	}
	s.asked()
	for range 3 {
		if got := s.take(); !errors.Is(got.err, plugin.ErrTokenRevoked) || len(s.store.data) > 0 {
			t.Errorf("got %v, %d records", got.err, len(s.store.data))
		}
	}
	s.expect("GET /v3/auth/tokens")
	r := configProd(t)
	r.Token = true
	if _, err := s.Config(t.Context(), r); !errors.Is(err, plugin.ErrTokenRevoked) {
		t.Errorf("config: %v", err)
	}
	env["OS_TOKEN"] = s.cloud.Token("alice", "demo")
	s.pass(31 * time.Second)
	if got := s.fine(); got.token != env["OS_TOKEN"] {
		t.Error("it is another token")
	}
}
