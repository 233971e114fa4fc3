// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"os"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/shortlived"
)

// TestShortLivedLives takes 25 minutes (make nightly).
func TestShortLivedLives(t *testing.T) {
	if os.Getenv("E2E_NIGHTLY") == "" {
		t.Skip("E2E_NIGHTLY is not set")
	}
	shortlived.Lives(t, forRotation(t, Start(t)), shortlived.Build(t))
}

// TestShortLived has a real Magnum sign what a real cluster is asked with.
func TestShortLived(t *testing.T) {
	t.Parallel()
	shortlived.Run(t, forRotation(t, Start(t)), shortlived.Build(t))
}
