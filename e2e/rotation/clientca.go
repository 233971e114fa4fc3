// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"os"
	"path/filepath"
	"testing"
)

// ClientCAOnly has the API server refuse the credential that a moment ago was
// good, while its own certificate stays: kubectl's discovery is refused, asks
// for the credential once more and gets one that works.
func ClientCAOnly(t *testing.T, w *World) {
	for _, status := range []string{InProgress, Complete} {
		t.Run(status, func(t *testing.T) {
			u := w.newUser(t, w.Kubectl, long)
			u.succeeds("kubectl get pods")
			w.Begin(t)
			w.TrustOnly(t)
			w.SetStatus(t, status)
			// With a discovery cache the refused request is the command's own,
			// which client-go does not send again.
			if err := os.RemoveAll(filepath.Join(u.Home, ".kube", "cache")); err != nil {
				t.Fatal(err)
			}
			signed := w.signed(t, func() { u.succeeds("kubectl get pods") })
			if signed != 1 {
				t.Errorf("%d certificates were signed, want 1", signed)
			}
		})
	}
}
