// SPDX-License-Identifier: Apache-2.0

// Package mainjob tests what the program is for: `kubectl magnum config`, then
// plain kubectl on a real API server with a real keyring. It is a function and
// not a test, because the same job is done on every Keystone and Magnum there
// is to test on. No API stability promise.
package mainjob

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/leak"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

// OpenStack is a Keystone and a Magnum to do the job on.
type OpenStack struct {
	CloudsYAML []byte
	Cloud      string // of the user, in CloudsYAML
	User       string // name of the user, expected in the certificate
	Cluster    string // name of a cluster that the user may sign for
	CA         cluster.CA
	// SetAPIAddress makes Magnum tell url as the cluster's api_address.
	SetAPIAddress func(t testing.TB, url string)
	// Requests is what both services were asked so far by anybody but each
	// other, in order, each as "POST /v3/auth/tokens": without query.
	Requests func(t testing.TB) []string
	// Down makes both services unreachable for good.
	Down func(t testing.TB)
}

// Programs are what the job is done with.
type Programs struct {
	binaries.Kubernetes
	Plugin string
}

// Build builds the programs or finds them, once in a process; see package
// binaries.
func Build(t testing.TB) Programs {
	t.Helper()
	programs, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

var build = sync.OnceValues(func() (Programs, error) {
	ctx := context.Background() // not one test's: the others need them too
	kubernetes, err := binaries.BuildKubernetes(ctx, os.Stderr)
	if err != nil {
		return Programs{}, err
	}
	plugin, err := binaries.BuildPlugin(ctx, os.Stderr)
	return Programs{kubernetes, plugin}, err
})

// BuildControllerManager is Build for a kube-controller-manager, which the job does
// not need.
func BuildControllerManager(t testing.TB) string {
	t.Helper()
	program, err := buildControllerManager()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

var buildControllerManager = sync.OnceValues(func() (string, error) {
	return binaries.BuildControllerManager(context.Background(), os.Stderr)
})

// Run does the job with kubectl, a path, and tests all that it promises:
// kubectl works, as whom, at what cost in requests, without OpenStack, and
// leaving no key anywhere. It needs "keyring" (package require).
func Run(t *testing.T, o OpenStack, p Programs, kubectl string) {
	require.Tool(t, "keyring", env.MissingKeyring())
	c, err := cluster.Start(t.Context(), cluster.Options{Etcd: p.Etcd, APIServer: p.APIServer, CA: o.CA})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	o.SetAPIAddress(t, c.Server())

	watch := leak.StartWatch()
	defer watch.Stop()
	e, err := env.New(t.Context(), env.Options{
		Kubectl: kubectl, Plugin: p.Plugin, CloudsYAML: o.CloudsYAML, Cloud: o.Cloud, Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)

	j := job{t: t, openstack: o, env: e, watch: watch}
	j.configure()
	j.useKubectl()
	j.miss()
	key := j.cachedKey()
	o.Down(t)
	j.namespaces()
	j.leavesNoKey(key)
}
