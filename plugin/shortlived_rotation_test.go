// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// follow gives the API server, and its signer, the CA that Magnum has.
func (s shorts) follow() {
	s.site.follow()
	s.signing.SignBy(s.cloud.CA("prod"))
}

// A rotation that was over before anybody noticed heals as for other credentials,
// with a record or without, and also if the signer follows late.
func TestShortLivedCertificateAfterARotation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ record, late bool }{
		"record": {true, false}, "none": {false, false}, "record, late signer": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			old := s.good().cert
			if !test.record {
				s.forget()
			}
			s.cloud.Rotate("prod")
			s.cloud.FinishRotation("prod")
			if test.late {
				s.site.follow()
				time.AfterFunc(3*time.Second, func() { s.signing.SignBy(s.cloud.CA("prod")) })
			} else {
				s.follow()
			}
			s.idle()
			got := s.ask()
			if got.err != nil || len(got.notices) != 1 {
				t.Fatalf("got %v, %q", got.err, got.notices)
			}
			if pki.SignedBy(got.cert, s.magnumCA()) != nil || got.cert.Equal(old) {
				t.Error("it is not by the new CA")
			}
			s.isShort(s.good())
			if s.pins() != 1 {
				t.Errorf("%d CAs are pinned", s.pins())
			}
		})
	}
}

// While the API server has the old CA a certificate renews itself by that; without
// one there is none to be had, and nothing is kept.
func TestShortLivedCertificateInTheWindow(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	old := s.good().cert
	s.openWindow()
	s.pass(shortDue)
	got := s.good()
	s.isShort(got)
	if got.cert.Equal(old) {
		t.Error("it is not renewed")
	}
	if pki.SignedBy(got.cert, s.State.Cluster(s.uuid()).Pinned[0]) != nil {
		t.Error("it is not by the old CA")
	}
	s.forget()
	var progress *plugin.InProgressError
	if got := s.askAs(s.newClient(), 6*time.Second); !errors.As(got.err, &progress) || s.kept() != nil {
		t.Errorf("got %v", got.err)
	}
	s.pass(lease)
	s.follow()
	s.isShort(s.good())
	s.cloud.FinishRotation("prod")
	s.isShort(s.good())
	if s.pins() != 1 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
}

// While the API server has the old CA nobody hands out what a signer that is ahead
// of it has signed by the new one.
func TestSignerAheadOfTheAPIServer(t *testing.T) {
	t.Parallel()
	s := newShorts(t)
	old := s.good().cert
	s.openWindow()
	s.signing.SignBy(s.cloud.CA("prod"))
	s.pass(shortDue)
	if got := s.good(); !got.cert.Equal(old) {
		t.Error("it is another one")
	}
}

// Whoever takes the API server's place gets to see no certificate, least of all the
// one of a master.
func TestShortLivedCertificateAndAnImpostor(t *testing.T) {
	t.Parallel()
	for name, record := range map[string]bool{"record": true, "none": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			if !record {
				s.forget()
			}
			ca, _ := s.cloud.CA("prod")
			s.api.ServeStranger(ca)
			shown := s.api.Certificates()
			s.pass(shortDue)
			var untrusted *plugin.UntrustedServerError
			if got := s.ask(); !errors.As(got.err, &untrusted) {
				t.Errorf("got %v", got.err)
			}
			if n := s.api.Certificates() - shown; n > 0 {
				t.Errorf("it saw %d certificates", n)
			}
		})
	}
}
