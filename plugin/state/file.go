// SPDX-License-Identifier: Apache-2.0

package state

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rename"
)

// replace writes data beside path and renames it over path, so that a reader
// sees the old file or the new one and a crash leaves one of them.
func replace(path string, data []byte, mode os.FileMode) error {
	return replaceBy(path, data, mode, (*os.File).Sync)
}

// replaceSoon is replace without waiting for the disk: a crash of the machine
// may leave an empty file.
func replaceSoon(path string, data []byte, mode os.FileMode) error {
	return replaceBy(path, data, mode, func(*os.File) error { return nil })
}

func replaceBy(path string, data []byte, mode os.FileMode, sync func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	sweep(f)
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return rename.Over(context.Background(), f.Name(), path)
}

// sweep removes what processes that were killed left beside f an hour or more
// ago, by the file system's own clock.
func sweep(f *os.File) {
	made, err := f.Stat()
	if err != nil {
		return
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(f.Name()), ".new-*"))
	if err != nil {
		return
	}
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && made.ModTime().Sub(info.ModTime()) > time.Hour {
			_ = os.Remove(path) // the next one tries again
		}
	}
}
