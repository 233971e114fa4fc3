// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"testing"
	"time"
)

func world(t *testing.T) *World { return OnDouble(t) }

func TestIdle(t *testing.T) {
	w := world(t)
	t.Run("newest kubectl", func(t *testing.T) { Idle(t, w, w.Kubectl) })
	t.Run("oldest kubectl", func(t *testing.T) { Idle(t, w, w.KubectlOld) })
}

func TestWithinALease(t *testing.T) {
	w := world(t)
	t.Run("at once", func(t *testing.T) { WithinALease(t, w, 0, everybody...) })
	t.Run("after a while", func(t *testing.T) { WithinALease(t, w, 15*time.Second, everybody...) })
}

func TestSteadyUse(t *testing.T) {
	w := world(t)
	for _, lease := range []string{short, long} {
		t.Run("lease "+lease, func(t *testing.T) { SteadyUse(t, w, lease) })
	}
}

func TestClientCAOnly(t *testing.T) {
	ClientCAOnly(t, world(t))
}

func TestCARotate(t *testing.T) {
	CARotate(t, world(t))
}
