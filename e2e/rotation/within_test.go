// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"testing"
	"time"
)

// TestWithinALease has the credential verified a moment before the rotation:
// nobody looks again, so the first command may fail without a word of ours.
func TestWithinALease(t *testing.T) {
	Build(t).needs(t, "config", "--lease")
	w := world(t)
	for name, pause := range map[string]time.Duration{"at once": 0, "after a while": 15 * time.Second} {
		for _, first := range everybody {
			t.Run(first+" "+name, func(t *testing.T) {
				u := w.newUser(t, w.Kubectl, long)
				u.succeeds("kubectl get ns")
				w.Rotate(t)
				u.idles(pause)
				u.mostTwice(first)
				for _, command := range everybody {
					u.succeeds(command)
				}
			})
		}
	}
}
