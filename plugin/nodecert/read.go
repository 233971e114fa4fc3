// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// file is a file as it is; one that is missing has no info.
type file struct {
	data []byte
	info fs.FileInfo
}

func (f file) missing() bool { return f.info == nil }

// read reads a regular file of ours, if it is there. A *PlacedError if it is
// something else, or others may write in a directory on the way.
func (d *Dir) read(name string) (file, error) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		info, err := d.root.Lstat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return file{}, nil
		case err != nil:
			return file{}, d.wrap(err)
		}
		if err := d.ours(d.said(dir), info); err != nil {
			return file{}, err
		}
	}
	f, err := d.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, nil
	}
	if err != nil {
		return file{}, d.wrap(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return file{}, d.wrap(err)
	}
	if err := d.checkOwner(d.said(name), info); err != nil {
		return file{}, err
	}
	data, err := io.ReadAll(io.LimitReader(f, sizeMax+1))
	if err == nil && len(data) > sizeMax {
		err = &PlacedError{d.said(name), "is longer than any certificate or key"}
	}
	return file{data, info}, d.wrap(err)
}

// open opens a regular file that is not behind a link, which os.Root would
// follow, and waits for no pipe.
func (d *Dir) open(name string) (*os.File, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	placed := &PlacedError{d.said(name), "is not a regular file, and node-certs follows no symbolic link"}
	if !info.Mode().IsRegular() {
		return nil, placed
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	opened, err := f.Stat()
	if err == nil && !os.SameFile(info, opened) {
		err = placed
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
