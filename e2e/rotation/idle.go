// SPDX-License-Identifier: Apache-2.0

package rotation

import "testing"

// everybody is each kind of program that asks once, kubectl among them.
var everybody = []string{"kubectl get ns", "client get", "helm list"}

// Idle has a user away for longer than a lease while somebody else rotates.
// Whatever is run first then fails and says so; after that all is well.
func Idle(t *testing.T, w *World, kubectl string) {
	for _, first := range everybody {
		t.Run("then "+first, func(t *testing.T) {
			u := w.newUser(t, kubectl, short)
			u.succeeds("kubectl get ns")
			w.Rotate(t)
			u.idles(afterShort)
			u.isToldOnce(first)
			for _, command := range everybody {
				u.succeeds(command)
			}
		})
	}
}
