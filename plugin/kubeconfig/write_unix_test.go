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

// TestPipeIsRefused: it must not be opened either, which would wait for a
// writer.
func TestPipeIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	_, err := merge(t, Paths{Explicit: path}, true, prod())
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("error is %v, want an InvalidError", err)
	}
}
