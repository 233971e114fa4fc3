// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"os"
	"syscall"
)

const (
	accessDelete        = 0x00010000
	flagDeleteOnClose   = 0x04000000
	errSharingViolation = syscall.Errno(32)
)

// fileLock is a lock file that exists, which keeps kubectl out, and that we
// have open so that nobody else can open it for writing. Windows deletes it
// when the handle closes, also when its holder is killed.
type fileLock struct {
	file *os.File
}

// tryLock makes the lock file, or takes over one that a crash of the machine
// left. Its error is errHeld if somebody has it. kubectl's own lock is
// read-only and so can't be opened for deletion.
func tryLock(path string) (*fileLock, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const access = syscall.GENERIC_READ | syscall.GENERIC_WRITE | accessDelete
	open := func(disposition uint32) (syscall.Handle, error) {
		return syscall.CreateFile(name, access, syscall.FILE_SHARE_READ, nil, disposition, syscall.FILE_ATTRIBUTE_NORMAL|flagDeleteOnClose, 0)
	}
	h, err := open(syscall.CREATE_NEW)
	if errors.Is(err, syscall.ERROR_FILE_EXISTS) {
		if h, err = open(syscall.OPEN_EXISTING); err != nil {
			return nil, errHeld
		}
	}
	if errors.Is(err, errSharingViolation) || errors.Is(err, syscall.ERROR_ACCESS_DENIED) && !absent(name) {
		return nil, errHeld
	}
	if err != nil {
		return nil, &os.PathError{Op: "create", Path: path, Err: err}
	}
	return &fileLock{file: os.NewFile(uintptr(h), path)}, nil
}

// absent tells a directory in which we may not make a file from a file that is
// about to go because its holder closed it while somebody was reading it.
func absent(name *uint16) bool {
	_, err := syscall.GetFileAttributes(name)
	return errors.Is(err, syscall.ERROR_FILE_NOT_FOUND)
}

func (l *fileLock) release() {
	_ = l.file.Close()
}
