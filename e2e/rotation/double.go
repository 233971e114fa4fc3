// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"net/http"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// Double is [mainjob.Double] with rotations. They end when they are told to,
// whatever o says.
func Double(t testing.TB, o magnumtest.Options) OpenStack {
	t.Helper()
	o.RotateAfter = -1
	server := magnumtest.New(o)
	t.Cleanup(server.Close)
	return DoubleOf(server)
}

// DoubleOf is Double on a server of the caller's.
func DoubleOf(server *magnumtest.Server) OpenStack {
	double := OpenStack{
		OpenStack:     mainjob.DoubleOf(server),
		StartRotation: func(testing.TB) { server.Rotate("prod") },
		CurrentCA: func(testing.TB) cluster.CA {
			certificate, key := server.CA("prod")
			return cluster.CA{Certificate: certificate, Key: key}
		},
		SetStatus: func(_ testing.TB, status string) {
			server.SetCluster("prod", func(c *magnumtest.Cluster) { c.Status = status })
		},
		Up: func(testing.TB) { server.Intercept(nil) },
	}
	double.Down = func(testing.TB) { server.Intercept(hangUp) }
	return double
}

// OnDouble is a World on the double.
func OnDouble(t *testing.T) *World {
	t.Helper()
	return New(t, Double(t, magnumtest.Options{}), Build(t))
}

// hangUp is what a server that is not there says: nothing.
func hangUp(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) }
