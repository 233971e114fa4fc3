// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

var (
	kubelet = pki.Leaf{
		Subject: pki.Subject{CommonName: "system:node:n0", Organizations: []string{"system:nodes"}}, Server: true,
		DNSNames: []string{"n0", "n0.example.org"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")},
	}
	etcdPeer = pki.Leaf{Subject: pki.Subject{CommonName: "m0"}, Client: true, Server: true, DNSNames: []string{"m0"}}
	proxy    = pki.Leaf{Subject: pki.Subject{CommonName: "system:kube-proxy"}, Client: true}
)

// What Magnum takes, and copies: nothing critical, no key identifier.
func TestLeafRequest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leaf       pki.Leaf
		extensions []string
	}{
		"a kubelet's":    {kubelet, []string{"2.5.29.15", "2.5.29.17", "2.5.29.37"}},
		"an etcd peer's": {etcdPeer, []string{"2.5.29.15", "2.5.29.17", "2.5.29.37"}},
		"a kube-proxy's": {proxy, []string{"2.5.29.15", "2.5.29.37"}},
	} {
		key := pkitest.NewKey(t)
		text, err := pki.LeafRequest(key, test.leaf)
		if err != nil {
			t.Fatal(err)
		}
		request, err := pki.CheckRequest(text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range request.Extensions {
			if e.Critical {
				t.Errorf("%s: %v is critical", name, e.Id)
			}
			got = append(got, e.Id.String())
		}
		slices.Sort(got)
		if diff := cmp.Diff(test.extensions, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		cert := signedLeaf(t, pkitest.NewCA(t, "prod", now), text, nil)
		if err := pki.CheckLeaf(cert, &key.PublicKey, test.leaf, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := pki.CheckServes(cert, test.leaf, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// signedLeaf signs a request as it is, after edit.
func signedLeaf(t *testing.T, ca *pkitest.CA, text []byte, edit func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return ca.Client(t, request.PublicKey, now, func(c *x509.Certificate) {
		c.Subject, c.DNSNames, c.IPAddresses, c.ExtKeyUsage = request.Subject, request.DNSNames, request.IPAddresses, nil
		for _, e := range request.Extensions {
			if e.Id.String() == "2.5.29.37" {
				c.ExtKeyUsage = usages(t, e.Value)
			}
		}
		if edit != nil {
			edit(c)
		}
	})
}

func usages(t *testing.T, value []byte) []x509.ExtKeyUsage {
	t.Helper()
	var oids []asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(value, &oids); err != nil {
		t.Fatal(err)
	}
	var all []x509.ExtKeyUsage
	for _, oid := range oids {
		use, ok := map[string]x509.ExtKeyUsage{"1.3.6.1.5.5.7.3.1": x509.ExtKeyUsageServerAuth, "1.3.6.1.5.5.7.3.2": x509.ExtKeyUsageClientAuth}[oid.String()]
		if !ok {
			t.Fatalf("use %v", oid)
		}
		all = append(all, use)
	}
	return all
}

func TestCheckLeaf(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", now)
	for name, test := range map[string]struct {
		edit   func(*x509.Certificate)
		exact  error
		serves error
	}{
		"as asked":        {nil, nil, nil},
		"another name":    {func(c *x509.Certificate) { c.Subject.CommonName = "x" }, pki.ErrOtherName, pki.ErrOtherName},
		"no group":        {func(c *x509.Certificate) { c.Subject.Organization = nil }, pki.ErrOtherName, pki.ErrOtherName},
		"one group more":  {func(c *x509.Certificate) { c.Subject.Organization = append(c.Subject.Organization, "x") }, pki.ErrOtherName, nil},
		"a CA":            {func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, pki.ErrIsCA, pki.ErrIsCA},
		"no server's":     {use(x509.ExtKeyUsageClientAuth), pki.ErrOtherUsage, pki.ErrOtherUsage},
		"no client's":     {use(x509.ExtKeyUsageServerAuth), pki.ErrOtherUsage, pki.ErrOtherUsage},
		"one use more":    {use(x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageCodeSigning), pki.ErrOtherUsage, nil},
		"any use":         {use(x509.ExtKeyUsageAny), pki.ErrOtherUsage, nil},
		"no use":          {use(), pki.ErrOtherUsage, nil},
		"an unknown use":  {func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 2, 3}} }, pki.ErrOtherUsage, nil},
		"signs nothing":   {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, pki.ErrOtherUsage, pki.ErrOtherUsage},
		"any key usage":   {func(c *x509.Certificate) { c.KeyUsage = 0 }, nil, nil},
		"a host less":     {func(c *x509.Certificate) { c.DNSNames = c.DNSNames[1:] }, pki.ErrOtherHosts, pki.ErrOtherHosts},
		"an address less": {func(c *x509.Certificate) { c.IPAddresses = c.IPAddresses[1:] }, pki.ErrOtherHosts, pki.ErrOtherHosts},
		"a host more":     {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "x") }, pki.ErrOtherHosts, nil},
		"an address more": {func(c *x509.Certificate) { c.IPAddresses = append(c.IPAddresses, net.IPv4(1, 2, 3, 4)) }, pki.ErrOtherHosts, nil},
		"a URI":           {func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "spiffe", Host: "x"}} }, pki.ErrOtherHosts, nil},
		"another order":   {func(c *x509.Certificate) { slices.Reverse(c.DNSNames) }, nil, nil},
		"expired":         {func(c *x509.Certificate) { c.NotAfter = now }, pki.ErrExpired, pki.ErrExpired},
		"not yet valid":   {func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }, pki.ErrNotYetValid, pki.ErrNotYetValid},
		"an address as DNS": {func(c *x509.Certificate) {
			c.DNSNames = append(c.DNSNames, "192.0.2.7")
			c.IPAddresses = c.IPAddresses[1:]
		}, pki.ErrOtherHosts, pki.ErrOtherHosts},
	} {
		leaf := kubelet
		leaf.Client = true // of both, so that each use counts
		key := pkitest.NewKey(t)
		text, err := pki.LeafRequest(key, leaf)
		if err != nil {
			t.Fatal(err)
		}
		cert := signedLeaf(t, ca, text, test.edit)
		if err := pki.CheckLeaf(cert, &key.PublicKey, leaf, now); !errors.Is(err, test.exact) || (err == nil) != (test.exact == nil) {
			t.Errorf("%s: got %v, want %v", name, err, test.exact)
		}
		if err := pki.CheckServes(cert, leaf, now); !errors.Is(err, test.serves) || (err == nil) != (test.serves == nil) {
			t.Errorf("%s, serves: got %v, want %v", name, err, test.serves)
		}
		if err := pki.CheckLeaf(cert, &pkitest.NewKey(t).PublicKey, leaf, now); !errors.Is(err, pki.ErrOtherKey) {
			t.Errorf("%s: another key: %v", name, err)
		}
	}
}

func use(all ...x509.ExtKeyUsage) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtKeyUsage = all }
}
