// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

// LockOwner is written into the lock file.
type LockOwner struct {
	PID  int
	Host string
}

// What a lock of ours says, and how that begins.
const (
	ownerFormat = ownerMark + "%d host %q\n"
	ownerMark   = "kubectl-magnum pid "
)

// errHeld says that a lock is somebody else's for now.
var errHeld = errors.New("held")

// Time between two tries for a lock: at random in this range, so that many
// waiters don't come at once.
const (
	minWait = 5 * time.Millisecond
	maxWait = 40 * time.Millisecond
)

// lockAll takes the locks of all files, in one order for everybody, or none.
// A lock that can't be made because its directory is missing or not the
// user's to write is left out: kubectl can't make it either, and a file there
// can't be replaced.
func lockAll(ctx context.Context, files []string, owner LockOwner) (unlock func(), err error) {
	var held []*fileLock
	unlock = func() {
		for _, l := range slices.Backward(held) {
			l.release()
		}
	}
	locks, err := lockFiles(files)
	if err != nil {
		return nil, err
	}
	for _, lock := range locks {
		l, err := acquire(ctx, lock.path, owner)
		switch {
		case errors.Is(err, errHeld):
			unlock()
			return nil, lockedError(ctx, lock)
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EROFS):
			continue
		case err != nil:
			unlock()
			return nil, err
		}
		held = append(held, l)
	}
	return unlock, nil
}

type lockFile struct{ path, file string }

// lockFiles are the lock files to take: beside each file's name, where kubectl
// has its own, and beside the file that a symbolic link leads to, where those
// meet who name it differently. Each is there once, or we would wait for
// ourselves.
func lockFiles(files []string) ([]lockFile, error) {
	var locks []lockFile
	for _, file := range files {
		resolved, err := resolve(file)
		if err != nil {
			return nil, err
		}
		for _, name := range []string{canonical(file), resolved} {
			locks = append(locks, lockFile{path: name + ".lock", file: file})
		}
	}
	slices.SortStableFunc(locks, func(a, b lockFile) int { return cmp.Compare(a.path, b.path) })
	return slices.CompactFunc(locks, func(a, b lockFile) bool { return a.path == b.path }), nil
}

// acquire tries for a lock until ctx ends; then its error is errHeld.
func acquire(ctx context.Context, path string, owner LockOwner) (*fileLock, error) {
	for {
		l, err := tryLock(path)
		if err == nil {
			l.sign(owner)
			return l, nil
		}
		if !errors.Is(err, errHeld) {
			return nil, err
		}
		wait := time.NewTimer(jitter())
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil, errHeld
		case <-wait.C:
		}
	}
}

func jitter() time.Duration {
	var b [1]byte
	_, _ = rand.Read(b[:]) // never fails
	return minWait + (maxWait-minWait)*time.Duration(b[0])/255
}

// lockedError names the holder. A caller that was cancelled gets just that.
func lockedError(ctx context.Context, lock lockFile) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	e := &LockedError{File: lock.file, LockFile: lock.path}
	var host string
	if text, err := os.ReadFile(lock.path); err == nil {
		if n, err := fmt.Sscanf(string(text), ownerFormat, &e.PID, &host); err != nil || n != 2 {
			e.PID = 0
		}
	}
	return e
}

// sign writes the owner into the lock. It is for people only, so a full disk
// does not matter.
func (l *fileLock) sign(owner LockOwner) {
	_ = l.file.Truncate(0)
	_, _ = l.file.WriteAt(fmt.Appendf(nil, ownerFormat, owner.PID, owner.Host), 0)
}
