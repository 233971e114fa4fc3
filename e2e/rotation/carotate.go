// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// caWithin bounds how long Magnum takes to replace its CA.
const caWithin = time.Minute

// CARotate has the user rotate, and the nodes follow as soon as Magnum has the
// new CA. No call of that user's fails.
func CARotate(t *testing.T, w *World) {
	u := w.newUser(t, w.Kubectl, long)
	u.succeeds("kubectl get ns")
	before := w.CurrentCA(t)

	done := make(chan env.Output, 1)
	go func() { done <- u.runs("kubectl magnum ca-rotate " + w.Cluster + " --yes --wait") }()
	w.untilMagnumRotates(t, before, done)
	w.Finish(t)
	out := <-done

	t.Logf("%s%s", out.Stdout, out.Stderr)
	if out.Code != 0 {
		t.Fatalf("exit status %d", out.Code)
	}
	for _, proof := range []string{"refused", "accepted"} {
		if !strings.Contains(out.Stdout+out.Stderr, proof) {
			t.Errorf("it does not say what is %s", proof)
		}
	}
	u.succeeds("kubectl get ns")
}

// untilMagnumRotates ends the test if the command is done before.
func (w *World) untilMagnumRotates(t *testing.T, before cluster.CA, done <-chan env.Output) {
	t.Helper()
	const pause = 50 * time.Millisecond
	deadline := time.After(caWithin)
	for bytes.Equal(w.CurrentCA(t).Certificate, before.Certificate) {
		select {
		case out := <-done:
			t.Fatalf("ca-rotate ended without a rotation: exit status %d\n%s%s", out.Code, out.Stdout, out.Stderr)
		case <-deadline:
			t.Fatalf("Magnum has the same CA after %s", caWithin)
		case <-time.After(pause):
		}
	}
}
