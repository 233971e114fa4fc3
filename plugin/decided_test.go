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
)

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

// Somebody may have fetched the new CA by hand, before this machine knew of it.
func TestACAThatMagnumNamesIsNoStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cloud.Rotate("prod")
	s.follow()
	s.trusted, _ = s.cloud.CA("prod")
	if s.good(); s.pins() != 1 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
}

// Without config the CA that signed is remembered from then on.
func TestTheFirstCAIsPinned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.forget()
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	if s.good(); s.pins() != 1 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
}

// A lock can be somebody else's. What they wrote meanwhile stays, and the CA file
// does not get ahead of it.
func TestTheCAFileWaitsForThePinsOfOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.forget()
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	before := string(s.State.ReadCAFile(s.uuid()))
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/clusters/") {
			theirs := s.State.Cluster(s.uuid())
			theirs.Name = "theirs"
			if err := s.State.SetCluster(s.uuid(), theirs); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	_ = s.ask()
	if after := string(s.State.ReadCAFile(s.uuid())); after != before || s.State.Cluster(s.uuid()).Name != "theirs" {
		t.Errorf("the CA file is changed: %t, the pins are of %q", after != before, s.State.Cluster(s.uuid()).Name)
	}
}
