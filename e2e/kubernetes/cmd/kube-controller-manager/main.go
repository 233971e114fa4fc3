// SPDX-License-Identifier: Apache-2.0

// Command kube-controller-manager is Kubernetes' controller manager as
// released, linked from its Go module. Unlike the released program it ends
// when standard input does.
package main

import (
	"os"
	_ "time/tzdata"

	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-controller-manager/app"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/kubernetes/internal/lifeline"
)

func main() {
	lifeline.Hold()
	os.Exit(cli.Run(app.NewControllerManagerCommand()))
}
