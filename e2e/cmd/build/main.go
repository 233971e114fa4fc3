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
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "build: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	kubernetes, err := binaries.BuildKubernetes(ctx, os.Stderr)
	if err != nil {
		return err
	}
	controllers, err := binaries.BuildControllerManager(ctx, os.Stderr)
	if err != nil {
		return err
	}
	plugin, err := binaries.BuildPlugin(ctx, os.Stderr)
	if err != nil {
		return err
	}
	clients, err := binaries.BuildClients(ctx, os.Stderr)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("etcd %s\nkube-apiserver %s\nkube-controller-manager %s\nkubectl %s\nkubectl-old %s\nkubectl-magnum %s\nhelm %s\nclient %s\n",
		kubernetes.Etcd, kubernetes.APIServer, controllers, kubernetes.Kubectl, kubernetes.KubectlOld, plugin, clients.Helm, clients.Client)
	return err
}
