// SPDX-License-Identifier: Apache-2.0

// Command demo shows what kubectl-magnum is for, on this machine alone: it
// builds a real kube-apiserver and kubectl, starts a Keystone and a Magnum that
// really sign, does what a user would type, and then looks for the private key
// everywhere it should not be. It touches nothing of the person who runs it,
// leaves nothing behind, and fails if anything did not hold.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted:
		fmt.Fprintln(os.Stderr, "\ndemo: interrupted; everything is stopped and removed")
		os.Exit(130)
	case err != nil:
		fmt.Fprintf(os.Stderr, "\ndemo: error: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	kubernetes, err := binaries.BuildKubernetes(ctx, os.Stderr)
	if err != nil {
		return err
	}
	plugin, err := binaries.BuildPlugin(ctx, os.Stderr)
	if err != nil {
		return err
	}

	begin := time.Now()
	openstack := magnumtest.New(magnumtest.Options{})
	defer openstack.Close()
	certificate, key := openstack.CA("prod")
	c, err := cluster.Start(ctx, cluster.Options{
		Etcd: kubernetes.Etcd, APIServer: kubernetes.APIServer,
		CA: cluster.CA{Certificate: certificate, Key: key},
	})
	if err != nil {
		return err
	}
	defer c.Stop()
	openstack.SetCluster("prod", func(prod *magnumtest.Cluster) { prod.APIAddress = c.Server() })

	watch := leak.StartWatch()
	defer watch.Stop()
	noKeyring := env.MissingKeyring()
	user, err := env.New(ctx, env.Options{
		Kubectl: kubernetes.Kubectl, Plugin: plugin,
		CloudsYAML: openstack.CloudsYAML(), Cloud: "alice", Keyring: noKeyring == nil,
	})
	if err != nil {
		return err
	}
	defer user.Close()

	s := story{
		ctx: ctx, openstack: openstack, keyring: noKeyring == nil,
		user: user, watch: watch, out: newScreen(os.Stdout),
	}
	if err := s.tell(noKeyring); err != nil {
		return err
	}
	s.out.line("Done in %s; all of it is stopped and removed.", time.Since(begin).Round(100*time.Millisecond))
	return nil
}
