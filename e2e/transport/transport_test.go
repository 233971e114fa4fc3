// SPDX-License-Identifier: Apache-2.0

// Package transport tests how the program reaches OpenStack: TLS as clouds have
// it, proxies, IPv6, regions, and services that hang. It holds nothing but
// tests.
package transport

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// clouds is a clouds.yaml, with Keystone's URL and more lines to come.
const clouds = `clouds:
  alice:
    auth:
      auth_url: URL
      username: alice
      password: alice-pw
      project_name: demo
      user_domain_name: Default
      project_domain_name: Default
`

// TestReaching has config and the exec plugin, which logs in on each call here,
// reach the same services in different ways.
func TestReaching(t *testing.T) {
	programs := mainjob.Build(t)
	const trusted = "    cacert: ca.pem\n"
	for name, test := range map[string]struct {
		front frontOptions
		more  string // lines of the cloud
		vars  map[string]string
		args  []string
		says  string // on stderr, "" for nothing
		fails bool
	}{
		"a CA of the cloud's own": {more: trusted},
		"no such CA":              {says: "certificate signed by unknown authority", fails: true},
		"another CA":              {more: "    cacert: other.pem\n", says: "certificate signed by unknown authority", fails: true},
		"verify: false":           {more: "    verify: false\n", says: "without verified TLS"},
		"a client certificate": {
			front: frontOptions{clientCert: true}, more: trusted + "    cert: client.pem\n    key: client.key\n",
		},
		"a client certificate that is missing": {
			front: frontOptions{clientCert: true}, more: trusted, says: "certificate required", fails: true,
		},
		"a client certificate of another CA": {
			front: frontOptions{clientCert: true}, more: trusted + "    cert: stranger.pem\n    key: stranger.key\n",
			says: "unknown certificate", fails: true,
		},
		"IPv6": {front: frontOptions{listen: "[::1]:0"}, more: trusted},
		"a proxy": {
			front: frontOptions{named: true}, more: trusted, vars: map[string]string{"HTTPS_PROXY": "PROXY"},
		},
		"no proxy for it": {
			front: frontOptions{named: true}, more: trusted,
			vars: map[string]string{"HTTPS_PROXY": "PROXY", "NO_PROXY": "other.onion," + host},
			says: "cannot be reached", fails: true,
		},
		"the endpoint with its version": {front: frontOptions{suffix: "/v1"}, more: trusted},
		"the endpoint with a slash":     {front: frontOptions{suffix: "/v1/"}, more: trusted},
		"the region without Magnum":     {more: trusted, args: []string{"--os-region-name", "Empty"}, says: "404", fails: true},
		"a region that is not there": {
			more: trusted, args: []string{"--os-region-name", "Nowhere"}, says: `"Empty", "Full"`, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := magnumtest.New(magnumtest.Options{})
			t.Cleanup(s.Close)
			f := newFront(t, s, test.front)
			proxy := newTunnel(t, f)
			u := newUser(t, programs, f, strings.Replace(clouds, "URL", f.base(test.front.named)+"/identity", 1)+test.more)
			for name, value := range test.vars {
				u.Setenv(name, strings.Replace(value, "PROXY", proxy.server.URL, 1))
			}
			args := test.args
			if args == nil {
				args = []string{"--os-region-name", "Full"}
			}
			out := u.Run(t.Context(), "kubectl", append([]string{"magnum", "config", "prod"}, args...)...)
			if (out.Code != 0) != test.fails || !strings.Contains(out.Stderr, test.says) || test.says == "" && strings.Contains(out.Stderr, "warning: Keystone") {
				t.Fatalf("config: %+v", out)
			}
			if asked := len(s.Requests()); test.fails && strings.Contains(test.says, "certificate") && asked > 0 {
				t.Errorf("%d requests went through", asked)
			}
			if !test.fails {
				if c, err := u.Credential(t.Context()); err != nil || c.ClientCertificateData == "" {
					t.Errorf("the exec plugin: %v", err)
				}
			}
			asked := proxy.requests()
			if test.vars["NO_PROXY"] == "" && test.vars != nil {
				if want := "CONNECT " + host + ":443"; !strings.HasPrefix(asked, want) {
					t.Errorf("the proxy was asked %q, want %q", asked, want)
				}
			} else if asked != "" {
				t.Errorf("the proxy was asked %q", asked)
			}
		})
	}
}

// newUser is a user who keeps no credentials, so that each call is a login.
func newUser(t *testing.T, p mainjob.Programs, f *front, cloudsYAML string) *env.Env {
	t.Helper()
	e, err := env.New(context.WithoutCancel(t.Context()), env.Options{
		Kubectl: p.Kubectl, Plugin: p.Plugin, CloudsYAML: []byte(cloudsYAML), Cloud: "alice",
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)
	e.Setenv("KUBECTL_MAGNUM_CACHE", "none")
	if f == nil {
		return e
	}
	client, other := f.ca.issue(t, "client"), newAuthority(t)
	stranger := other.issue(t, "client")
	for name, content := range map[string]string{
		"ca.pem":     certificatePEM(f.ca.certificate.Raw),
		"other.pem":  certificatePEM(other.certificate.Raw),
		"client.pem": certificatePEM(client.Certificate[0]), "client.key": keyPEM(t, client),
		"stranger.pem": certificatePEM(stranger.Certificate[0]), "stranger.key": keyPEM(t, stranger),
	} {
		file := filepath.Join(e.Home, ".config", "openstack", name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return e
}
