// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

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
	s.trusted = append(s.trusted, s.State.ReadCAFile(s.uuid())...)
	if got := s.take(); !errors.As(got.err, &outdated) {
		t.Errorf("a client with the new CA, and the old one still: %v", got.err)
	}
	s.trusted = nil
	if got := s.fine(); got.token != first.token {
		t.Error("it is another token")
	}
	if len(s.store.data) != 1 {
		t.Errorf("%d records", len(s.store.data))
	}
}

// A new token is shown to the API server too: that its CA is another one would
// otherwise be noticed by nobody for a lease.
func TestANewTokenNoticesARotation(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.fine()
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	s.forget()
	s.asked()
	var outdated *plugin.OutdatedClientError
	if got := s.take(); !errors.As(got.err, &outdated) {
		t.Errorf("a client with the old CA: got %v", got.err)
	}
	s.expect(logIn, readCA, "GET /v1/clusters/")
	s.trusted = nil
	s.fine()
	s.expect()
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	s.forget()
	shown := s.api.Tokens()
	var untrusted *plugin.UntrustedServerError
	if got := s.take(); !errors.As(got.err, &untrusted) || s.api.Tokens() > shown {
		t.Errorf("a stranger: got %v, and it saw the token: %v", got.err, s.api.Tokens() > shown)
	}
}

// An API server that does not answer is no reason to have no token. It is left
// alone for a while.
func TestANewTokenWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	s.stall()
	before := s.api.Connections()
	for range 2 {
		s.fine()
		s.forget()
	}
	if n := s.api.Connections() - before; n != 1 {
		t.Errorf("it was asked %d times", n)
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

// It is remembered for as long as it may run, whatever others do, until somebody
// logs out.
func TestAKnownClientStaysKnown(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		do   func(tokens)
		want bool
	}{
		"33 calls": {func(s tokens) {
			for range 33 {
				s.fine()
			}
		}, true},
		"a long time":  {func(s tokens) { s.pass(48 * time.Hour) }, true},
		"config again": {func(s tokens) { s.config() }, true},
		"logout":       {func(s tokens) { _, _ = s.logout("prod") }, false},
		"logout, and nothing is known": {func(s tokens) {
			_ = os.RemoveAll(filepath.Join(s.State.Path, "credentials"))
			_, _ = s.logout("")
		}, false},
		"logout, and asked for again": {func(s tokens) {
			_, _ = s.logout("prod")
			if got := s.takeAs(process.ID{PID: 4711, Start: "x"}); got.err != nil {
				s.t.Error(got.err)
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTokens(t)
			known := process.ID{PID: 4711, Start: "x"}
			s.takeAs(known)
			s.trusted = s.State.ReadCAFile(s.uuid())
			test.do(s)
			s.cloud.Rotate("prod")
			s.follow()
			s.cloud.FinishRotation("prod")
			for range 2 {
				s.pass(2 * lease)
				if got := s.takeAs(known); (got.err == nil) != test.want {
					t.Errorf("got %v", got.err)
				}
			}
		})
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

// The one context's credential is not the other's.
func TestCertificatesAndTokensSideBySide(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	r := configProd(t)
	r.Context = "certificate"
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	first, cert := s.fine(), s.good()
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
	if got := s.good(); got.cert.Equal(cert.cert) {
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
