// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"testing"
	"time"
)

// WithinALease has the credential verified a moment before the rotation: nobody
// looks again, so the first command may fail without a word of ours. Each of
// commands is the first once, after a pause.
func WithinALease(t *testing.T, w *World, pause time.Duration, commands ...string) {
	for _, first := range commands {
		t.Run(first, func(t *testing.T) {
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
