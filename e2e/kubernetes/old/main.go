// SPDX-License-Identifier: Apache-2.0

// Command kubectl is an old kubectl as released, linked from its Go module: its
// client-go never reads a CA file again after start.
package main

import (
	// Exec and the other authentication plugins register themselves.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
}
