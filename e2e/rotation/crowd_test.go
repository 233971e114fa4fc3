// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"strings"
	"sync"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// TestCrowd has a hundred kubectl find a rotation at the same time: one of
// them repairs, and the others neither wait for it in vain nor do it again.
func TestCrowd(t *testing.T) {
	w := world(t)
	u := w.newUser(t, w.Kubectl, short)
	u.succeeds("kubectl get ns")
	w.Rotate(t)
	u.idles(afterShort)
	signed := w.signed(t, func() {
		failed := 0
		for _, out := range u.atOnce(100, "kubectl get ns") {
			if out.Code == 0 {
				continue
			}
			failed++
			if !strings.Contains(out.Stderr, "x509: ") {
				t.Errorf("failed for another reason than the CA:\n%s", out.Stderr)
			}
		}
		if failed == 0 {
			t.Error("none failed, although the first can't have known the new CA")
		}
		t.Logf("%d of 100 failed", failed)
		u.succeeds("kubectl get ns")
	})
	if signed != 1 {
		t.Errorf("%d certificates were signed, want 1", signed)
	}
}

// atOnce runs a command n times at the same time.
func (u *user) atOnce(n int, command string) []env.Output {
	outs := make([]env.Output, n)
	var all sync.WaitGroup
	for i := range outs {
		all.Go(func() { outs[i] = u.runs(command) })
	}
	all.Wait()
	return outs
}
