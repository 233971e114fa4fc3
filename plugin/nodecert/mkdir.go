// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"path"
)

// carryDir makes a directory like one that is there, which is another's unless
// it is pki/etcd.
func (d *Dir) carryDir(like, name string) error {
	if path.Base(like) == "etcd" && path.Dir(path.Dir(like)) == "." {
		return d.makeOurs(name, like)
	}
	info, err := d.root.Lstat(like)
	if err != nil {
		return d.wrap(err)
	}
	uid, gid := ownerOf(info)
	return d.makeDir(name, info.Mode().Perm(), uid, gid)
}

// makeOurs makes a directory of pki, open to nobody who had no way into the one
// before.
func (d *Dir) makeOurs(name, before string) error {
	mode, uid, gid := fs.FileMode(dirMode), -1, -1
	info, err := d.root.Lstat(before)
	switch {
	case err == nil:
		mode = info.Mode().Perm() &^ 0o022
		uid, gid = ownerOf(info)
	case !errors.Is(err, fs.ErrNotExist):
		return d.wrap(err)
	}
	if d.owner.Set {
		uid, gid = d.owner.UID, d.owner.GID
	}
	return d.makeDir(name, mode, uid, gid)
}

// makeDir makes a directory that nobody else can enter before it has its owner.
func (d *Dir) makeDir(name string, mode fs.FileMode, uid, gid int) error {
	if err := d.root.Mkdir(name, 0o700); err != nil {
		return d.wrap(err)
	}
	if err := d.root.Lchown(name, uid, gid); err != nil {
		return d.wrap(err)
	}
	return d.wrap(d.root.Chmod(name, mode)) // whatever the umask is
}
