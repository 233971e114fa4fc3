// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// world is a World on the double.
func world(t *testing.T) *World {
	t.Helper()
	return New(t, Double(t, magnumtest.Options{}), Build(t))
}

func TestIdle(t *testing.T) {
	Build(t).needs(t, "config", "--lease")
	w := world(t)
	t.Run("newest kubectl", func(t *testing.T) { Idle(t, w, w.Kubectl) })
	t.Run("oldest kubectl", func(t *testing.T) { Idle(t, w, w.KubectlOld) })
}

func TestClientCAOnly(t *testing.T) {
	Build(t).needs(t, "config", "--lease")
	ClientCAOnly(t, world(t))
}

func TestCARotate(t *testing.T) {
	Build(t).needs(t, "ca-rotate", "--wait")
	CARotate(t, world(t))
}
