// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Lock takes the lock under which one process issues a credential, so that
// many at once ask Magnum once. It waits until ctx ends. When it returns false
// there is no lock to be had (in time, or on this file system): go on without.
// The operating system frees the lock of a process that died.
func (d Dir) Lock(ctx context.Context, id string) (unlock func(), locked bool) {
	if d.Path == "" || !validKey(id) || makeOwn(d.Path, 0o700) != nil {
		return func() {}, false
	}
	dir := filepath.Join(d.Path, "locks")
	if os.MkdirAll(dir, 0o700) != nil {
		return func() {}, false
	}
	// A file of its own: on Windows a locked data file could not be replaced.
	lock := flock.New(filepath.Join(dir, id+".lock"), flock.SetPermissions(0o600))
	free := func() { _ = lock.Unlock() } // it ends with the process anyway
	if ok, err := lock.TryLock(); err != nil || ok {
		return free, ok
	}
	// The system wakes one of those who wait. Hundreds that tried again every few
	// milliseconds would leave the machine no time for the one who has the lock.
	got := make(chan error)
	go func() {
		err := lock.Lock()
		select {
		case got <- err:
		case <-ctx.Done():
			free()
		}
	}()
	select {
	case err := <-got:
		return free, err == nil
	case <-ctx.Done():
		return func() {}, false
	}
}
