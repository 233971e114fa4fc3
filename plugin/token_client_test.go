// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/x509"
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
