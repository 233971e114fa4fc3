// SPDX-License-Identifier: Apache-2.0

package shortlived_test

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/shortlived"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func TestOnTheDouble(t *testing.T) {
	shortlived.Run(t, rotation.Double(t, magnumtest.Options{}), shortlived.Build(t))
}
