// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// walk goes from / to etc/kubernetes below root, directory by directory and
// through no link. Those above root have to be of root or of this user, whoever
// is to have the files: who owns them decides what root is.
func (d *Dir) walk(root string, toMake bool) error {
	above := strings.FieldsFunc(root, func(r rune) bool { return r == '/' })
	check := func(i int) func(string, fs.FileInfo) error {
		if i < len(above) {
			return ancestor
		}
		return d.ours
	}
	info, err := d.root.Stat(".")
	if err != nil {
		return err
	}
	if err := check(0)("/", info); err != nil {
		return err
	}
	said := ""
	for i, name := range append(above, "etc", "kubernetes") {
		said += "/" + name
		if err := d.enter(said, name, check(i+1), toMake && i >= len(above)); err != nil {
			return err
		}
	}
	return nil
}

// enter makes a directory of d its root, if that is the one that was checked.
func (d *Dir) enter(said, name string, check func(string, fs.FileInfo) error, toMake bool) error {
	info, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) && toMake {
		if err = d.root.Mkdir(name, dirMode); err == nil {
			info, err = d.root.Lstat(name)
		}
	}
	if err != nil {
		return whole(said, err)
	}
	if err := check(said, info); err != nil {
		return err
	}
	next, err := d.root.OpenRoot(name)
	if err != nil {
		return whole(said, err)
	}
	entered, err := next.Stat(".")
	if err == nil && !os.SameFile(info, entered) {
		err = &PlacedError{said, "became another directory"}
	}
	if err != nil {
		_ = next.Close()
		return err
	}
	_ = d.root.Close()
	d.root = next
	return nil
}

// whole says the whole path in an error of a part of it.
func whole(said string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: at.Op, Path: said, Err: at.Err}
	}
	return err
}

// ours wants a directory in which only root and this user, or who is to have
// the files, can place something.
func (d *Dir) ours(said string, info fs.FileInfo) error {
	if err := onlyOwnerWrites(said, info, 0); err != nil {
		return err
	}
	return d.checkOwner(said, info)
}

// ancestor wants a directory in which only root and this user can exchange what
// belongs to one of them.
func ancestor(said string, info fs.FileInfo) error {
	if err := onlyOwnerWrites(said, info, fs.ModeSticky); err != nil {
		return err
	}
	return (&Dir{}).checkOwner(said, info)
}

func onlyOwnerWrites(said string, info fs.FileInfo, unless fs.FileMode) error {
	switch {
	case !info.IsDir():
		return &PlacedError{said, "is not a directory, and node-certs follows no symbolic link"}
	case info.Mode()&0o022 != 0 && info.Mode()&unless == 0:
		return &PlacedError{said, "can be written by others"}
	}
	return nil
}

func (d *Dir) checkOwner(said string, info fs.FileInfo) error {
	uid, _ := ownerOf(info)
	if uid == 0 || uid == os.Geteuid() || d.owner.Set && uid == d.owner.UID {
		return nil
	}
	return &PlacedError{said, fmt.Sprintf("belongs to another user (uid %d)", uid)}
}
