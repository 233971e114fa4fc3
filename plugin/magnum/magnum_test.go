// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

func start(t *testing.T, o magnumtest.Options) *magnumtest.Server {
	t.Helper()
	s := magnumtest.New(o)
	t.Cleanup(s.Close)
	return s
}

// login is a client as one of the server's clouds; logging in is not in the
// access log.
func login(t *testing.T, s *magnumtest.Server, cloud string) *magnum.Client {
	t.Helper()
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := os.WriteFile(file, s.CloudsYAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	resolved, err := openstack.Resolve(openstack.Options{
		Cloud: cloud, File: file, Getenv: func(string) string { return "" }, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := resolved.Connect(t.Context(), "kubectl-magnum/test")
	if err != nil {
		t.Fatal(err)
	}
	service, err := session.ContainerInfra()
	if err != nil {
		t.Fatal(err)
	}
	s.ResetRequests()
	return magnum.New(service)
}

// wantRequests compares the access log: method, path and query of each request.
func wantRequests(t *testing.T, s *magnumtest.Server, want ...string) {
	t.Helper()
	var got []string
	for _, r := range s.Requests() {
		text := r.Method + " " + r.Path
		if r.Query != "" {
			text += "?" + r.Query
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests differ (-want +got):\n%s", diff)
	}
}

func newCSR(t *testing.T) (csrPEM []byte, key *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "alice"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), key
}
