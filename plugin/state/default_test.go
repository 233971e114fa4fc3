// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

func TestDefaultOf(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	want := state.Dir{Path: filepath.Join(home, ".local", "state", "kubectl-magnum"), CAs: filepath.Join(home, ".local", "share", "kubectl-magnum", "ca")}
	if runtime.GOOS == "windows" {
		local := filepath.Join(home, "AppData", "Local", "kubectl-magnum")
		want = state.Dir{Path: filepath.Join(local, "state"), CAs: filepath.Join(local, "ca")}
	}
	if got := state.DefaultOf(home); got != want {
		t.Errorf("got %+v", got)
	}
	if got := state.DefaultOf(""); runtime.GOOS != "windows" && got != (state.Dir{}) {
		t.Errorf("without a home: %+v", got)
	}
}
