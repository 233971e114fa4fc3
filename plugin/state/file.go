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
func replace(path string, data []byte, mode os.FileMode) (err error) {
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
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return rename.Over(context.Background(), f.Name(), path)
}

// overwrite writes data over what is in path, without waiting for the disk and
// without a rename, for which file systems do wait. Who reads meanwhile, or
// after a crash, may find half of it.
func overwrite(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, mode)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Truncate(int64(len(data)))
	}
	return errors.Join(err, f.Close())
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
