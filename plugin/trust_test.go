// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
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
	s.ask()
	if s.api.Certificates() > 0 || s.pins() > 0 {
		t.Errorf("%d client certificates, %d pins", s.api.Certificates(), s.pins())
	}
}

// An answer ends with the key, where that is before the lease.
func TestAnAnswerEndsWithTheKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.pass(time.Hour - lease/2)
	if got := s.good(); !got.cert.Equal(first.cert) || got.expires.Sub(s.now()) > lease/2 {
		t.Errorf("it ends in %s", got.expires.Sub(s.now()))
	}
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

// The certificate by which a rotation was noticed is not revoked with those from
// before it, though time passes until it is over.
func TestARotationDoesNotRevokeItsOwnCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.forget()
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/clusters/") {
			s.pass(5 * time.Second)
		}
		return false
	})
	got := s.ask()
	if again := s.good(); got.err != nil || !again.cert.Equal(got.cert) || s.signed() != 1 {
		t.Errorf("got %v, %d signatures", got.err, s.signed())
	}
}

// A certificate that is at its end when it comes is no use to anybody.
func TestACertificateAtItsEndIsNotHandedOut(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.forget()
	s.cloud.SignWith(func(csr *x509.CertificateRequest, ca *x509.Certificate, key crypto.Signer) []byte {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: csr.Subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(4 * time.Minute),
		}
		der, err := x509.CreateCertificate(rand.Reader, template, ca, csr.PublicKey, key)
		if err != nil {
			t.Error(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	})
	var refused *plugin.RefusedError
	if got := s.ask(); !errors.As(got.err, &refused) || !errors.Is(got.err, credential.ErrTooOld) {
		t.Errorf("got %v", got.err)
	}
	if len(s.store.data) > 0 {
		t.Error("it is kept")
	}
}

// While somebody decides which CA a cluster has nobody else does.
func TestOneAtATimeDecides(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	unlock, locked := s.State.Lock(t.Context(), "cluster-"+s.uuid())
	if !locked {
		t.Fatal("no lock")
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, _ = s.Status(ctx, plugin.StatusRequest{Cluster: "prod"}) // out of time
	for _, r := range s.cloud.Requests() {
		if strings.HasPrefix(r.Path, "/v1/certificates") {
			t.Errorf("%s %s meanwhile", r.Method, r.Path)
		}
	}
}
