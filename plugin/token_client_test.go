// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// A kubelet's certificate is by the cluster's CA too.
func TestANodeGetsNoToken(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	ca, key := s.cloud.CA("prod")
	node := apitest.New()
	t.Cleanup(node.Close)
	node.Present(apitest.Serving(ca, key, func(c *x509.Certificate) {
		c.Subject.CommonName, c.IPAddresses, c.DNSNames = "system:node:worker-0", nil, []string{"worker-0"}
	}))
	node.TakeTokens(func(string) (string, bool) { return "x", true })
	for _, name := range []string{"", "worker-0"} {
		s.pass(2 * lease)
		s.change = func(r *plugin.CredentialRequest) {
			r.Exec.Cluster.Server, r.Exec.Cluster.TLSServerName = node.URL, name
		}
		if got := s.take(); !errors.As(got.err, new(*plugin.InsecureClientError)) || node.Tokens() > 0 {
			t.Errorf("got %v", got.err)
		}
	}
	s.expect()
}

// negative is a certificate whose serial number is below zero, which Go 1.23 and
// later do not parse: the serial of another is patched, as nobody checks the
// signature of what is trusted.
func negative(t *testing.T) []byte {
	t.Helper()
	block, _ := pem.Decode(stranger(t))
	template, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := asn1.Marshal(template.SerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	der := bytes.Clone(block.Bytes)
	der[bytes.Index(der, serial)+2] |= 0x80
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("it is read")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// A client may read a CA where we see none.
func TestATokenNeedsCAsThatAllReadAlike(t *testing.T) {
	t.Parallel()
	s, thief := newTokens(t), newThief(t)
	own := s.State.ReadCAFile(s.uuid())
	relabelled := func(label string) []byte {
		return bytes.ReplaceAll(thief.pem, []byte(" CERTIFICATE"), []byte(" "+label))
	}
	headed := bytes.Replace(thief.pem, []byte("CERTIFICATE-----\n"), []byte("CERTIFICATE-----\nA: b\n\n"), 1)
	for name, more := range map[string][]byte{
		"a negative serial number": negative(t),
		"X509 CERTIFICATE":         relabelled("X509 CERTIFICATE"),
		"TRUSTED CERTIFICATE":      relabelled("TRUSTED CERTIFICATE"),
		"a CRL":                    relabelled("X509 CRL"),
		"headers":                  headed,
		"text":                     []byte("# the CA\n"),
		"garbage":                  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
		"half a block":             thief.pem[:len(thief.pem)-20],
		"half a block before one":  append(bytes.Clone(thief.pem[:len(thief.pem)-30]), append([]byte("\n"), own...)...),
		"two certificates in one": pem.EncodeToMemory(&pem.Block{
			Type: "CERTIFICATE", Bytes: append(bytes.Clone(thief.ca.Raw), thief.ca.Raw...),
		}),
		"more dashes": append([]byte("-----BEGIN CERTIFICATE----\n"), own...),
	} {
		for place, all := range map[string][]byte{
			"after": append(bytes.Clone(own), more...), "before": append(bytes.Clone(more), own...),
			"between": append(append(bytes.Clone(own), more...), own...), "alone": more,
		} {
			s.trusted = all
			if got := s.take(); !errors.As(got.err, new(*plugin.InsecureClientError)) {
				t.Errorf("%s %s: got %v", name, place, got.err)
			}
		}
	}
	s.expect()
	for name, all := range map[string][]byte{
		"as written": own, "twice": append(bytes.Clone(own), own...), "spaces": []byte(" \n\t" + string(own) + "\n\n" + string(own) + " "),
		"as on Windows": bytes.ReplaceAll(own, []byte("\n"), []byte("\r\n")),
	} {
		if s.trusted = all; s.take().err != nil {
			t.Errorf("%s: refused", name)
		}
	}
}

// A token goes to the server that config found, however that is written.
func TestATokenIsForOneServer(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	host := strings.TrimPrefix(s.api.URL, "https://")
	port := host[strings.LastIndex(host, ":"):]
	for server, want := range map[string]bool{
		s.api.URL: true, s.api.URL + "/": true, s.api.URL + "//": true,
		s.api.URL + "/x": false, s.api.URL + "?x": false, s.api.URL + "#x": false, "https://u@" + host: false, "https://u:p@" + host: false,
		"https://localhost" + port: false, "https://127.0.0.1:1": false, "https://127.0.0.1": false, "https://": false, "//" + host: false, "": false,
		"https://" + port: false, "https://" + host + ".": false, " " + s.api.URL: false, "HTTPS://" + host: true,
	} {
		s.change = func(r *plugin.CredentialRequest) { r.Exec.Cluster.Server = server }
		if got := s.take(); (got.err == nil) != want || got.err != nil && !errors.As(got.err, new(*plugin.InsecureClientError)) {
			t.Errorf("%q: got %v", server, got.err)
		}
	}
	for name, want := range map[string]bool{"": true, "127.0.0.1": true, "localhost": false, "127.0.0.1.": false} {
		s.change = func(r *plugin.CredentialRequest) { r.Exec.Cluster.TLSServerName = name }
		if got := s.take(); (got.err == nil) != want {
			t.Errorf("by the name of %q: got %v", name, got.err)
		}
	}
	s.change = func(r *plugin.CredentialRequest) { r.Exec.Cluster.ProxyURL = "http://127.0.0.1:1" }
	s.fine()
	s.expect()
}
