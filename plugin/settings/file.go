// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rename"
)

const (
	// fileMax is the longest file that is read, in bytes.
	fileMax = 1 << 20
	// lockTime is how long another process that writes the file is waited for.
	lockTime  = 10 * time.Second
	lockPause = 50 * time.Millisecond
)

// File is the configuration file.
type File struct {
	Path string
	UID  int // whose it has to be; has no meaning on Windows
}

// UnsafeError says why a file, or its directory, is not believed.
type UnsafeError struct {
	Path   string
	Reason string // a clause that goes on from the path
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Reason) }

// read returns what is in the file, nil if there is none. It decides whether the
// file is believed.
func (f File) read() ([]byte, error) {
	if err := f.checkDir(); err != nil {
		return nil, absent(err)
	}
	named, err := os.Lstat(f.Path)
	if err != nil {
		return nil, absent(err)
	}
	if !named.Mode().IsRegular() {
		return nil, &UnsafeError{f.Path, "is not a regular file"}
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opened, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !os.SameFile(named, opened):
		return nil, &UnsafeError{f.Path, "is being replaced"}
	}
	if reason := f.foreign(opened); reason != "" {
		return nil, &UnsafeError{f.Path, reason}
	}
	data, err := io.ReadAll(io.LimitReader(file, fileMax+1))
	if len(data) > fileMax {
		return nil, &UnsafeError{f.Path, fmt.Sprintf("is longer than %d MiB", fileMax>>20)}
	}
	return data, err
}

func (f File) checkDir() error {
	dir := filepath.Dir(f.Path)
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &UnsafeError{dir, "is not a directory"}
	}
	if reason := f.foreign(info); reason != "" {
		return &UnsafeError{dir, reason}
	}
	return nil
}

// absent is nil for an error that a file is not there.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// change replaces the file by what edit makes of it, with no other process in
// between. Who reads it at any time finds the old one or the new one.
func (f File) change(ctx context.Context, edit func(old []byte) ([]byte, error)) error {
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		return err
	}
	if err := f.checkDir(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	lock := flock.New(f.Path+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(waiting, lockPause); err != nil {
		return fmt.Errorf("lock %q: %w", f.Path, err)
	}
	defer func() { _ = lock.Unlock() }() // it ends with the process anyway
	old, err := f.read()
	if err != nil {
		return err
	}
	data, err := edit(old)
	if err != nil {
		return err
	}
	return f.replace(ctx, data)
}

func (f File) replace(ctx context.Context, data []byte) (err error) {
	temp, err := os.CreateTemp(filepath.Dir(f.Path), ".config-*") // 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	_, err = temp.Write(data)
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return rename.Over(ctx, temp.Name(), f.Path)
}
