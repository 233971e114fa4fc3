// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const supported = true

// lock is freed with f, by the kernel if need be.
func lock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrBusy
	}
	return err
}

// unlock is not left to closing f: a process that is being forked meanwhile has
// a copy of f until it executes its program.
func unlock(f *os.File) { _ = unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// exchange has two names of dir stand for each other's files, at once.
func exchange(dir *os.File, a, b string) error {
	fd := int(dir.Fd())
	err := unix.Renameat2(fd, a, fd, b, unix.RENAME_EXCHANGE)
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return fmt.Errorf("this file system cannot exchange two directories at once: %w", err)
	case errors.Is(err, unix.EXDEV):
		return fmt.Errorf("it is in a lower layer of an overlay file system, which can exchange only what was made in its upper one: %w", err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("something is mounted there: %w", err)
	}
	return err
}

// mountPoint says whether something is mounted on a file, which is not known
// before Linux 5.8.
func mountPoint(dir *os.File, name string) (bool, error) {
	var s unix.Statx_t
	err := unix.Statx(int(dir.Fd()), name, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT, 0, &s)
	if errors.Is(err, unix.ENOSYS) {
		return false, nil
	}
	return s.Attributes&s.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0, err
}

func ownerOf(info fs.FileInfo) (uid, gid int) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), int(stat.Gid)
	}
	return -1, -1
}

// syncDir makes a rename last through a power cut. File systems that cannot
// sync a directory say so, and there is nothing to be done about it.
func syncDir(dir *os.File) error {
	if err := dir.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}
