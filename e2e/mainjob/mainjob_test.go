// SPDX-License-Identifier: Apache-2.0

package mainjob_test

import (
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func TestOnTheDouble(t *testing.T) {
	programs := mainjob.Build(t)
	for name, kubectl := range map[string]string{"newest kubectl": programs.Kubectl, "oldest kubectl": programs.KubectlOld} {
		for version, options := range map[string]magnumtest.Options{"Magnum 15": {}, "Magnum 23": {Version: 23}} {
			t.Run(name+", "+version, func(t *testing.T) {
				mainjob.Run(t, mainjob.Double(t, options), programs, kubectl)
			})
		}
	}
}
