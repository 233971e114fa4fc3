// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// checkNode has a node looked at, which finds nothing wrong.
func checkNode(t *testing.T, p *plugin.Plugin, r plugin.NodeCertsRequest) {
	t.Helper()
	found, err := p.CheckNodeCerts(t.Context(), plugin.NodeCheckRequest{Cluster: r.Cluster, Node: r.Node, Root: r.Root})
	if err != nil {
		t.Errorf("%s: %v", r.Node.Name, err)
		return
	}
	for _, f := range found.Files {
		if len(f.Problems) > 0 {
			t.Errorf("%s: %s: %q", r.Node.Name, f.Path, f.Problems)
		}
	}
}

// Without OpenStack the CAs on the node have to do.
func TestCheckNodeCertsOffline(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	r := nodeRequest(t, 0)
	if _, err := p.NodeCerts(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	cloud.Close()
	found, err := p.CheckNodeCerts(t.Context(), plugin.NodeCheckRequest{Cluster: "prod", Node: r.Node, Root: r.Root})
	var unreachable *openstack.UnreachableError
	if err != nil || found.Problems() > 0 || !errors.As(found.Offline, &unreachable) || found.CA != nil {
		t.Errorf("%+v, %v", found, err)
	}
}

// A node that says nowhere what its API server is, is looked at all the same.
func TestCheckNodeCertsOfflineWithoutServer(t *testing.T) {
	t.Parallel()
	for i, files := range []int{3 + 13 + 2, 1 + 3} {
		p, cloud := newPlugin(t, magnumtest.Options{})
		r := nodeRequest(t, i)
		if _, err := p.NodeCerts(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		missing := 0
		for _, name := range []string{"kubelet.conf", "kube-proxy.conf", "admin.conf", "controller-manager.conf", "scheduler.conf"} {
			if os.Remove(filepath.Join(r.Root, "etc/kubernetes", name)) == nil {
				missing++
			}
		}
		cloud.Close()
		found, err := p.CheckNodeCerts(t.Context(), plugin.NodeCheckRequest{Cluster: "prod", Node: r.Node, Root: r.Root})
		if err != nil || found.Problems() != missing || len(found.Files) != files {
			t.Errorf("%s: %+v, %v", r.Node.Role, found, err)
		}
	}
}

// A server whose certificate nobody vouches for is no absence of one.
func TestCheckNodeCertsUntrusted(t *testing.T) {
	t.Parallel()
	p, _ := newPlugin(t, magnumtest.Options{})
	r := nodeRequest(t, 0)
	if _, err := p.NodeCerts(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	defer stranger.Close()
	getenv := p.Cloud.Getenv
	p.Cloud.Getenv = func(name string) string {
		if name == "OS_AUTH_URL" {
			return stranger.URL + "/v3"
		}
		return getenv(name)
	}
	found, err := p.CheckNodeCerts(t.Context(), plugin.NodeCheckRequest{Cluster: "prod", Node: r.Node, Root: r.Root})
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("%+v, %v", found, err)
	}
}
