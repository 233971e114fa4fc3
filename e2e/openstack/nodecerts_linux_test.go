// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/nodecerts"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

// TestNodeCerts has a real Magnum sign all that a control plane starts from,
// and rotate it twice.
func TestNodeCerts(t *testing.T) {
	t.Parallel()
	p := Start(t)
	p.Set(t, "rotate_seconds", "86400")
	o := nodecerts.OpenStack{OpenStack: forJob(t, p), Rotate: func(t testing.TB) {
		startRotation(t, p)
		p.SetCluster(t, "prod", "status", rotation.Complete)
	}}
	w := nodecerts.New(t, o, nodecerts.Build(t))
	nodecerts.Starts(t, w)
	if !t.Failed() {
		nodecerts.Rotations(t, w)
	}
}
