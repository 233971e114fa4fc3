// SPDX-License-Identifier: Apache-2.0

// Command build builds the programs of the end-to-end tests, or finds them in
// the cache, and prints where each is: one "NAME PATH" line each.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	set, err := binaries.Build(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "build: error: %v\n", err)
		os.Exit(1)
	}
	fmt.Printf("etcd %s\nkube-apiserver %s\nkubectl %s\nkubectl-old %s\nkubectl-magnum %s\n",
		set.Etcd, set.APIServer, set.Kubectl, set.KubectlOld, set.Plugin)
}
