// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
)

func TestMainJob(t *testing.T) {
	p := Start(t)
	programs := build(t)
	for _, kubectl := range []struct{ name, path string }{
		{"newest kubectl", programs.Kubectl},
		{"oldest kubectl", programs.KubectlOld},
	} {
		t.Run(kubectl.name, func(t *testing.T) {
			t.Cleanup(func() { p.Up(t) })
			mainjob.Run(t, forJob(t, p), programs, kubectl.path)
		})
	}
}

// forJob is alice's part of the pair.
func forJob(t *testing.T, p *Pair) mainjob.OpenStack {
	t.Helper()
	cert, key := p.CA(t, "prod")
	return mainjob.OpenStack{
		CloudsYAML: read(t, p.CloudsYAML), Cloud: "alice", User: "alice", Cluster: "prod",
		CA:            cluster.CA{Certificate: cert, Key: key},
		SetAPIAddress: func(t testing.TB, url string) { p.SetCluster(t, "prod", "api_address", url) },
		Requests: func(t testing.TB) []string {
			var asked []string
			for _, r := range p.Requests(t) {
				path, _, _ := strings.Cut(r.Path, "?")
				asked = append(asked, r.Method+" "+path)
			}
			return asked
		},
		Down: p.Down,
	}
}
