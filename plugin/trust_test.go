// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// stranger is a CA that Magnum never named, in PEM.
func stranger(t *testing.T) []byte {
	t.Helper()
	return pki.MarshalCertificate(pkitest.NewCA(t, "prod", time.Now()).Certificate)
}

// A client's strange CA is noticed however good the record is, also while the
// API server is left alone.
func TestAStrangersCAIsAlwaysNoticed(t *testing.T) {
	t.Parallel()
	for name, have := range map[string]func(*site) error{
		"verified": func(s *site) error { return s.State.Touch(s.identity().Key(), state.Use{Verified: time.Now()}) },
		"left alone": func(s *site) error {
			return s.State.Touch(s.identity().Key(), state.Use{Verified: time.Now(), Server: state.Pause{From: time.Now(), For: 30 * time.Second}})
		},
		"without a record": func(s *site) error {
			s.forget()
			return nil
		},
		"nothing can be remembered": func(s *site) error {
			s.State = state.Dir{}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.trusted = append(s.State.ReadCAFile(s.uuid()), stranger(t)...)
			if err := have(s); err != nil {
				t.Fatal(err)
			}
			var foreign *plugin.ForeignCAError
			if got := s.ask(); !errors.As(got.err, &foreign) || len(foreign.CAs) != 1 {
				t.Errorf("got %v", got.err)
			}
			if s.api.Requests() > 0 || s.api.Certificates() > 0 || s.signed() > 0 {
				t.Errorf("%d requests, %d client certificates, %d signatures", s.api.Requests(), s.api.Certificates(), s.signed())
			}
		})
	}
}

// Without state the record says which of a client's CAs is the cluster's. Any
// other is trusted by nobody here.
func TestALostStateTrustsNoOther(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := pkitest.NewCA(t, "prod", time.Now())
	s.api.Serve(other.PEM(t))
	s.trusted = pki.MarshalCertificate(other.Certificate)
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	var foreign *plugin.ForeignCAError
	if got := s.ask(); !errors.As(got.err, &foreign) || s.api.Certificates() > 0 || s.pins() > 0 {
		t.Errorf("got %v, %d client certificates, %d pins", got.err, s.api.Certificates(), s.pins())
	}
}

// An answer is good for a lease, or until the end of the key.
func TestAnAnswerEndsWithTheKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	start := s.now()
	first := s.good()
	if first.expires.Before(start.Add(lease)) {
		t.Errorf("it ends in %s", first.expires.Sub(start))
	}
	s.pass(time.Hour - lease/2)
	if got := s.good(); !got.cert.Equal(first.cert) || got.expires.Sub(s.now()) > lease/2 {
		t.Errorf("it ends in %s", got.expires.Sub(s.now()))
	}
}

// It is remembered that a record is revoked before a store is asked to erase it:
// it may not do so, or we may be killed.
func TestRevokedBeforeItIsErased(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.idle()
	s.good() // shows it to the API server
	s.api.Ban()
	s.idle()
	erased := 0
	s.store.onDelete = func(key string) {
		erased++
		if r := s.State.Revocation(key, s.now()); len(r.Certificates) != 1 {
			t.Errorf("revoked are %q", r.Certificates)
		}
	}
	if s.good(); erased != 1 {
		t.Errorf("erased %d times", erased)
	}
}

// A key that nobody was given is not kept.
func TestAKeyIsKeptOnceItWasGiven(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.forget()
	s.broken = errors.New("broken pipe")
	if got := s.ask(); !errors.Is(got.err, s.broken) || len(s.store.data) > 0 {
		t.Errorf("got %v, %d records", got.err, len(s.store.data))
	}
}

// A CA file that still has a former CA, or has it again, is put right by the next
// call.
func TestAnOutdatedCAFileIsPutRight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := s.State.Cluster(s.uuid()).Pinned
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	s.idle()
	if got := s.ask(); got.err != nil {
		t.Fatal(got.err)
	}
	if err := s.State.WriteCAFile(s.uuid(), old); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(); got.err != nil || len(got.notices) != 1 || !strings.Contains(got.notices[0], "the CA file replaced") {
		t.Errorf("got %v, %q", got.err, got.notices)
	}
	if !s.State.HoldsCAs(s.uuid(), s.State.Cluster(s.uuid()).Pinned) {
		t.Error("it was not put right")
	}
	s.good()
}

// config believes Magnum, which somebody asked, but no server that proves
// nothing.
func TestConfigDoesNotTrustAnImpostor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before := s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	var untrusted *plugin.UntrustedServerError
	if _, err := s.Config(t.Context(), configProd(t)); !errors.As(err, &untrusted) {
		t.Errorf("got %v", err)
	}
	if s.pins() != 1 || string(s.State.ReadCAFile(s.uuid())) != string(before) {
		t.Errorf("%d pins", s.pins())
	}
}

// A key past its max age is good only while the API server takes no other: each
// call looks whether it does, also where Magnum has given the rotation up.
func TestAnAgedKeyIsAlwaysVerified(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.openWindow()
	s.cloud.SetRotation(magnumtest.RotationFails)
	s.cloud.FinishRotation("prod")
	s.pass(2 * time.Hour)
	for range 3 {
		before := s.api.Requests()
		if got := s.good(); !got.cert.Equal(first.cert) || s.api.Requests() == before {
			t.Errorf("%d requests, another certificate: %v", s.api.Requests()-before, !got.cert.Equal(first.cert))
		}
		s.pass(11 * time.Second)
	}
}

// Who checks no server's certificate is not helped by our checking it.
func TestAClientThatTrustsAnybodyIsAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	s.change = func(r *plugin.CredentialRequest) { r.Exec.Cluster.InsecureSkipTLSVerify = true }
	s.pass(2 * lease)
	s.good()
	if n := s.api.Connections(); n > 0 {
		t.Errorf("the server was asked %d times", n)
	}
}
