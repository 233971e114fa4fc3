// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package kubeconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A file whose name ends in .lock need not be a lock.
func TestForeignLockFileIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(t *testing.T, path string){
		"another program's": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("# yarn lockfile v1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a hard link": func(t *testing.T, path string) {
			precious := filepath.Join(filepath.Dir(path), "precious")
			if err := errors.Join(os.WriteFile(precious, nil, 0o600), os.Link(precious, path)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "config")
			plant(t, file+".lock")
			before, err := os.ReadFile(file + ".lock")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			_, err = Paths{Explicit: file}.Merge(ctx, []Entry{prod()}, true, LockOwner{})
			var locked *LockedError
			if !errors.As(err, &locked) {
				t.Errorf("got %v", err)
			}
			if after, err := os.ReadFile(file + ".lock"); err != nil || string(after) != string(before) {
				t.Errorf("it now holds %q, %v", after, err)
			}
		})
	}
}
