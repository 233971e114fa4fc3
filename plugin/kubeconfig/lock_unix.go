// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package kubeconfig

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// fileLock is a lock file that exists, which keeps kubectl out, and that we
// hold an flock on, which says that we live. The kernel gives the flock up when
// its holder dies, so nobody has to guess from a process id.
type fileLock struct {
	path string
	file *os.File
}

// tryLock makes the lock file, or takes over one that a dead process of ours
// left. Its error is errHeld if somebody has it.
//
// Whoever has the flock on the file that bears the name has the lock; only the
// holder removes the name. So two who find the same left file are decided by
// the kernel, and one who locks a file whose name is gone notices and starts
// again.
func tryLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	created := err == nil
	if errors.Is(err, fs.ErrExist) {
		f, err = openLeft(path)
	}
	if err != nil {
		return nil, err
	}
	l := &fileLock{path: path, file: f}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	// Without flock on this file system a file of our own making is a lock
	// like kubectl's; one that was left can't be told from one in use.
	held := errors.Is(err, syscall.EWOULDBLOCK) || err != nil && !created
	if held || !l.current() {
		f.Close()
		return nil, errHeld
	}
	return l, nil
}

// openLeft opens a lock file that exists, unless it can't be ours. kubectl
// makes its own with mode 0, and does not live long enough to be waited for in
// vain, unless it was killed; then its lock means nothing but can't be told
// from one in use.
func openLeft(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() == 0 || !single(info) {
		return nil, errHeld
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, errHeld
	}
	if !signedByUs(f) {
		f.Close()
		return nil, errHeld
	}
	return f, nil
}

// signedByUs reports whether f can be a lock of ours: signed, or empty because
// its holder died before that. Other files have names that end in .lock too.
func signedByUs(f *os.File) bool {
	head := make([]byte, len(ownerMark))
	n, err := io.ReadFull(f, head)
	return n == 0 && errors.Is(err, io.EOF) || string(head) == ownerMark
}

// single reports whether a file has no other name.
func single(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 1
}

// current reports whether the lock's name still leads to the locked file.
func (l *fileLock) current() bool {
	named, err := os.Lstat(l.path)
	if err != nil {
		return false
	}
	locked, err := l.file.Stat()
	return err == nil && os.SameFile(named, locked) && named.Mode().Perm() != 0
}

func (l *fileLock) release() {
	if l.current() {
		_ = os.Remove(l.path)
	}
	_ = l.file.Close()
}
