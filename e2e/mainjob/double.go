// SPDX-License-Identifier: Apache-2.0

package mainjob

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// Double is alice's OpenStack with the cluster prod, on package magnumtest.
func Double(t testing.TB, o magnumtest.Options) OpenStack {
	t.Helper()
	server := magnumtest.New(o)
	t.Cleanup(server.Close)
	return DoubleOf(server)
}

// DoubleOf is Double on a server of the caller's.
func DoubleOf(server *magnumtest.Server) OpenStack {
	certificate, key := server.CA("prod")
	return OpenStack{
		CloudsYAML: server.CloudsYAML(), Cloud: "alice", User: "alice", Cluster: "prod",
		CA: cluster.CA{Certificate: certificate, Key: key},
		SetAPIAddress: func(_ testing.TB, url string) {
			server.SetCluster("prod", func(c *magnumtest.Cluster) { c.APIAddress = url })
		},
		Requests: func(testing.TB) []string {
			var requests []string
			for _, r := range server.Requests() {
				requests = append(requests, r.Method+" "+r.Path)
			}
			return requests
		},
		Down: func(testing.TB) {
			server.CloseKeystone()
			server.CloseMagnum()
		},
	}
}
