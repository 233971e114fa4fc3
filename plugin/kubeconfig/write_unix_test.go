// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package kubeconfig

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func checkOwner(t *testing.T, path string, uid, gid uint32) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || st.Uid != uid || st.Gid != gid {
		t.Errorf("owner is %d:%d, want %d:%d", st.Uid, st.Gid, uid, gid)
	}
}

// TestOnlyRegularFilesAreReplaced uses files of its own: were /dev/null used and
// the check broken, a test run by root would replace the device.
func TestOnlyRegularFilesAreReplaced(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(pipe, link); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, link} {
		_, err := merge(t, Paths{Explicit: path}, true, prod())
		var invalid *InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("error is %v, want an InvalidError", err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
			t.Errorf("the pipe was replaced: %v", err)
		}
	}
}
