// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rename"
)

// errChanged says that somebody who takes no lock, an editor for instance,
// wrote the file after we read it.
var errChanged = errors.New("the kubeconfig changed while it was edited")

// replace puts data in the place of old in a file whose lock is held, so that
// whoever reads it at any time finds the one or the other, whole. A file that
// exists keeps its mode and, as far as we may, its owner; a new one is the
// user's alone. A file that the user has made read-only is left alone.
func replace(ctx context.Context, path string, old, data []byte) error {
	info, err := os.Stat(path)
	if err == nil {
		err = checkWritable(path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The name is fixed: under the lock, a file there is what a killed
	// process left.
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".kubectl-magnum.tmp")
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp) // nothing is there after the rename
	if err := fillFile(f, info, data); err != nil {
		return fmt.Errorf("write kubeconfig %q: %w", path, err)
	}
	if now, err := os.ReadFile(path); err != nil && !errors.Is(err, fs.ErrNotExist) || !bytes.Equal(now, old) {
		return errChanged
	}
	if err := rename.Over(ctx, temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func checkWritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// fillFile writes data, makes the file like the one it replaces, if any, and
// closes it.
func fillFile(f *os.File, like fs.FileInfo, data []byte) error {
	_, err := f.Write(data)
	if like != nil {
		keepOwner(f, like)
		err = errors.Join(err, f.Chmod(like.Mode().Perm()))
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// CheckNew says whether WriteNew would refuse path, so that it can be known
// before any work is done: an *ExistsError if something is there and not force,
// an *InvalidError if what is there is no file that can be replaced.
func CheckNew(path string, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !force:
		return &ExistsError{File: path}
	case !info.Mode().IsRegular() && info.Mode()&fs.ModeSymlink == 0:
		return &InvalidError{File: path, Reason: "not a regular file"}
	}
	return nil
}

// WriteNew writes a kubeconfig that belongs to the user alone, and its
// directory if that is missing. The file is there as a whole or not at all.
// With force it replaces what is there, a symbolic link itself and not what it
// leads to; without, that is an *ExistsError.
func WriteNew(path string, data []byte, force bool) error {
	if err := CheckNew(path, force); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := fillFile(f, nil, data); err != nil {
		return fmt.Errorf("write kubeconfig %q: %w", path, err)
	}
	if err := publish(f.Name(), path, force); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// publish gives a file its name. Without force it is linked, which fails if
// the name was taken in the meantime; where there are no links, CheckNew just
// before has to do.
func publish(temp, path string, force bool) error {
	if !force {
		err := os.Link(temp, path)
		if err == nil {
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return &ExistsError{File: path}
		}
	}
	return rename.Over(context.Background(), temp, path)
}
