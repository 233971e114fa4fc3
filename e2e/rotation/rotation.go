// SPDX-License-Identifier: Apache-2.0

// Package rotation tests that a CA rotation heals itself: what users of a
// cluster see when its CA is replaced, by them or by somebody else. The
// scenarios that a real OpenStack is to be asked too are functions, as in
// package mainjob; the others are tests here. Magnum's half of a rotation and
// the API server's are done apart, since what happens between them is the point.
// No API stability promise.
package rotation

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

// Statuses of a cluster in Magnum.
const (
	InProgress = "UPDATE_IN_PROGRESS"
	Complete   = "UPDATE_COMPLETE"
)

// OpenStack is a Keystone and a Magnum whose cluster can be rotated.
type OpenStack struct {
	mainjob.OpenStack
	// StartRotation has another client ask Magnum for a rotation. When it
	// returns Magnum has the new CA and says InProgress, until SetStatus.
	StartRotation func(t testing.TB)
	// CurrentCA is the CA that Magnum has now.
	CurrentCA func(t testing.TB) cluster.CA
	// SetStatus makes Magnum say that status of the cluster.
	SetStatus func(t testing.TB, status string)
	// Up undoes Down.
	Up func(t testing.TB)
}

// Programs are what the scenarios are done with.
type Programs struct {
	mainjob.Programs
	binaries.Clients
}

// Build builds the programs or finds them, once in a process; see package
// binaries.
func Build(t testing.TB) Programs {
	t.Helper()
	programs := Programs{Programs: mainjob.Build(t)}
	clients, err := buildClients()
	if err != nil {
		t.Fatal(err)
	}
	programs.Clients = clients
	return programs
}

var buildClients = sync.OnceValues(func() (binaries.Clients, error) {
	return binaries.BuildClients(context.Background(), os.Stderr)
})

// World is an OpenStack and the cluster in it, behind a load balancer. Its CA
// may be rotated any number of times.
type World struct {
	OpenStack
	Programs
	API   *cluster.Cluster
	Front *cluster.Front

	serving  cluster.CA
	rotating bool
}

// New starts the cluster and tells Magnum where it is. It needs "keyring"
// (package require).
func New(t *testing.T, o OpenStack, p Programs) *World {
	t.Helper()
	require.Tool(t, "keyring", env.MissingKeyring())
	ca := o.CurrentCA(t)
	api, err := cluster.Start(t.Context(), cluster.Options{Etcd: p.Etcd, APIServer: p.APIServer, CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Stop)
	front, err := cluster.NewFront(api.Server())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Close)
	o.SetAPIAddress(t, front.URL())
	return &World{OpenStack: o, Programs: p, API: api, Front: front, serving: ca}
}

// Rotate is a whole rotation by somebody else.
func (w *World) Rotate(t *testing.T) {
	t.Helper()
	w.Begin(t)
	w.Finish(t)
}

// Begin is StartRotation, followed by Finish at the test's end at the latest.
func (w *World) Begin(t *testing.T) {
	t.Helper()
	w.StartRotation(t)
	w.rotating = true
	t.Cleanup(func() {
		if w.rotating {
			w.Finish(t) // the World is good for other tests
		}
	})
}

// Finish is the rest of a rotation that was started: the API server has the
// new CA, for both uses, and Magnum says Complete.
func (w *World) Finish(t *testing.T) {
	t.Helper()
	ca := w.CurrentCA(t)
	// The test's context ends before its cleanups begin.
	if err := w.API.Rotate(context.WithoutCancel(t.Context()), ca); err != nil {
		t.Fatal(err)
	}
	w.serving, w.rotating = ca, false
	w.SetStatus(t, Complete)
}

// TrustOnly has the API server accept the clients of Magnum's CA alone, while
// it presents the certificate it had.
func (w *World) TrustOnly(t *testing.T) {
	t.Helper()
	if err := w.API.Switch(t.Context(), w.serving, w.CurrentCA(t)); err != nil {
		t.Fatal(err)
	}
}

// signed is how many certificates Magnum was asked for during step.
func (w *World) signed(t *testing.T, step func()) int {
	t.Helper()
	before := len(w.Requests(t))
	step()
	n := 0
	for _, r := range w.Requests(t)[before:] {
		if strings.HasPrefix(r, "POST ") && strings.HasSuffix(r, "/v1/certificates") {
			n++
		}
	}
	return n
}
