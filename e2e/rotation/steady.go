// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
)

// SteadyUse has kubectl run all the time while somebody else rotates: only
// those fail that began before the CA file was repaired, and none if a call of
// ours asked Magnum in time.
func SteadyUse(t *testing.T, w *World, lease string) {
	t.Run("unnoticed", func(t *testing.T) {
		s := steady{user: w.newUser(t, w.Kubectl, lease)}
		s.rotate(func() {})
		s.failedOnlyBefore(w.CurrentCA(t))
	})
	t.Run("Magnum asked in time", func(t *testing.T) {
		s := steady{user: w.newUser(t, w.Kubectl, lease)}
		s.rotate(func() { s.succeeds("kubectl magnum status " + w.Cluster) })
		for i, c := range s.calls {
			if c.failed {
				t.Errorf("call %d failed:\n%s", i, c.said)
			}
		}
	})
}

// steady is a user who runs kubectl twice a second.
type steady struct {
	*user
	calls []call
}

// call is one kubectl. The CA file is what it was just before: what kubectl
// loaded is that or newer.
type call struct {
	caFile []byte
	failed bool
	said   string
}

// rotate is a rotation under the user's calls, with something done while
// Magnum is ahead of the API server.
func (s *steady) rotate(inTheWindow func()) {
	s.t.Helper()
	s.goesOn(4)
	s.w.Begin(s.t)
	s.goesOn(4)
	inTheWindow()
	s.goesOn(4)
	// Between two calls and not during one: a command that an API server's
	// change of mind finds half done fails with any client.
	s.w.Finish(s.t)
	s.goesOn(12)
}

func (s *steady) goesOn(calls int) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for range calls {
		<-tick.C
		file := s.caFile()
		out := s.runs("kubectl get ns")
		s.calls = append(s.calls, call{file, out.Code != 0, out.Stderr})
	}
}

// failedOnlyBefore checks that no call failed that had the new CA to begin
// with, and that no more than two failed in a row.
func (s *steady) failedOnlyBefore(ca cluster.CA) {
	s.t.Helper()
	row := 0
	for i, c := range s.calls {
		if !c.failed {
			row = 0
			continue
		}
		row++
		s.t.Logf("call %d failed:\n%s", i, c.said)
		if holds(c.caFile, ca) {
			s.t.Errorf("call %d failed although the CA file had been repaired", i)
		}
		if row == 3 {
			s.t.Errorf("call %d is the third in a row to fail", i)
		}
	}
}
