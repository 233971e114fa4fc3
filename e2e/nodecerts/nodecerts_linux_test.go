// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// TestNodeCerts is the whole of it on the double.
func TestNodeCerts(t *testing.T) {
	server := magnumtest.New(magnumtest.Options{RotateAfter: -1})
	t.Cleanup(server.Close)
	o := OpenStack{OpenStack: mainjob.DoubleOf(server), Rotate: func(testing.TB) {
		server.Rotate("prod")
		server.FinishRotation("prod")
	}}
	w := New(t, o, Build(t))
	Starts(t, w)
	if !t.Failed() {
		Rotations(t, w)
	}
}
