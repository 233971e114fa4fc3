// SPDX-License-Identifier: Apache-2.0

package rename_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rename"
)

func TestOver(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "new"), filepath.Join(dir, "file")
	for _, text := range []string{"one", "two"} {
		if err := os.WriteFile(from, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := rename.Over(t.Context(), from, to); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(to); err != nil || string(got) != text {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if err := rename.Over(t.Context(), from, to); err == nil {
		t.Error("nothing was renamed, without an error")
	}
}
