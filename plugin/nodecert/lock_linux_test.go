// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"testing"

	"golang.org/x/sys/unix"
)

// A process that is being forked has a copy of the lock's file: closing ours
// frees nothing.
func TestLockEndsBeforeItsCopies(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	copied, err := unix.Dup(int(d.locked.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(copied)
	d.Close()
	d, err = Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}
