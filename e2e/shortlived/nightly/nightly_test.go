// SPDX-License-Identifier: Apache-2.0

// Package nightly has the test of short-lived certificates that takes as long as
// they live, which nobody waits for by day (make nightly).
package nightly

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/shortlived"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func TestLives(t *testing.T) {
	shortlived.Lives(t, rotation.Double(t, magnumtest.Options{}), shortlived.Build(t))
}
