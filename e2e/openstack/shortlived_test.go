// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/shortlived"
)

// TestShortLived has a real Magnum sign what a real cluster is asked with.
func TestShortLived(t *testing.T) {
	shortlived.Run(t, forRotation(t, Start(t)), shortlived.Build(t))
}
