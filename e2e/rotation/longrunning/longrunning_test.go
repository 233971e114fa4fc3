// SPDX-License-Identifier: Apache-2.0

// Package longrunning has the tests of rotations that take minutes and do
// nothing in them. They are a package so that the others need not wait: go test
// runs packages side by side.
package longrunning

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

func TestLeasesDropNoConnection(t *testing.T) {
	run(t, rotation.LeasesDropNoConnection)
}

func TestLongRunningHeals(t *testing.T) {
	run(t, rotation.LongRunningHeals)
}

func run(t *testing.T, scenario func(*testing.T, *rotation.World)) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes minutes")
	}
	t.Parallel()
	scenario(t, rotation.OnDouble(t))
}
