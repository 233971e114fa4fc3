// SPDX-License-Identifier: Apache-2.0

// Command client is what programs built on client-go are, at its least: it
// takes its cluster and credential from the kubeconfig as kubectl does and
// knows nothing of kubectl-magnum. "get" is one that asks once, "watch" one
// that runs for months. It writes nothing to the cluster.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "client: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return err
	}
	switch {
	case len(args) == 1 && args[0] == "get":
		return get(ctx, config)
	case len(args) == 1 && args[0] == "watch":
		return watch(ctx, config, os.Stdin, os.Stdout)
	}
	return errors.New("usage: client get|watch")
}

// get prints how many namespaces there are.
func get(ctx context.Context, config *rest.Config) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	list, err := client.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	fmt.Println(len(list.Items))
	return nil
}
