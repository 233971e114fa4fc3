// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

func master() Node {
	return Node{
		Name: "m0", Role: ControlPlane, Server: "https://api.example.org:6443",
		IPs:      []netip.Addr{netip.MustParseAddr("192.0.2.10")},
		DNSNames: []string{"m0.example.org"},
		Services: []netip.Prefix{netip.MustParsePrefix("10.254.0.0/16")},
	}
}

func worker() Node {
	return Node{
		Name: "w0", Role: Worker, Server: "https://api.example.org:6443",
		IPs: []netip.Addr{netip.MustParseAddr("192.0.2.20")},
	}
}

func newServiceAccountKey(t testing.TB) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func contentsOfKey(t testing.TB) []byte {
	t.Helper()
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := pki.MarshalKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
