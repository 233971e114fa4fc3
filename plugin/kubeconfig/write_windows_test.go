// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import "testing"

func checkOwner(t *testing.T, _ string, _, _ uint32) {
	t.Helper()
	t.Skip("owners are not numbers here")
}
