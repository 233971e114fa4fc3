// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
)

// tree is what files below etc/kubernetes are to hold.
type tree map[string][]byte

// differing are the files that are not as want has them, and, if none of those
// is below pki, its directory if that is not so.
func (d *Dir) differing(want tree) (names []string, err error) {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		differs, err := d.differs(name, want[name])
		if err != nil {
			return nil, err
		}
		if differs {
			names = append(names, name)
		}
	}
	wrong, err := d.wrongDir()
	if err != nil {
		return nil, err
	}
	if wrong != "" && !slices.ContainsFunc(names, inPKI) {
		names = append([]string{wrong}, names...)
	}
	return names, nil
}

// install makes the files that differ be as want has them; all others stay as
// they are. If it fails or is killed, pki is the old one or the new one, and so
// is each file beside it.
func (d *Dir) install(want tree, differing []string) error {
	if slices.ContainsFunc(differing, func(name string) bool { return name == "pki" || inPKI(name) }) {
		if err := d.installPKI(want, differing); err != nil {
			return fmt.Errorf("install %s: %w", d.said("pki"), err)
		}
	}
	for _, name := range differing {
		if path.Dir(name) == "." && name != "pki" {
			if err := d.replace(name, want[name]); err != nil {
				return fmt.Errorf("install %s: %w", d.said(name), err)
			}
		}
	}
	return nil
}

// differs says whether a file is not as it is to be: its content, its mode or
// its owner.
func (d *Dir) differs(name string, data []byte) (bool, error) {
	f, err := d.read(name)
	if err != nil || f.missing() || !bytes.Equal(f.data, data) || f.info.Mode().Perm() != modeOf(name) {
		return true, err
	}
	return d.otherOwner(f.info), nil
}

func (d *Dir) otherOwner(info fs.FileInfo) bool {
	uid, gid := ownerOf(info)
	return d.owner.Set && (uid != d.owner.UID || gid != d.owner.GID)
}

// wrongDir is one of pki's directories whose owner is not as it should be, ""
// if there is none.
func (d *Dir) wrongDir() (string, error) {
	for _, name := range []string{"pki", "pki/etcd"} {
		info, err := d.root.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", d.wrap(err)
		case !info.IsDir(): // not ours then: a worker reads nothing below pki/etcd
			continue
		case d.otherOwner(info):
			return name, nil
		}
	}
	return "", nil
}

// installPKI builds a whole new pki beside the old one and exchanges the two.
func (d *Dir) installPKI(want tree, changed []string) (err error) {
	if err := d.checkMounts("pki"); err != nil {
		return err
	}
	exchanged := false
	defer func() {
		if err != nil && !exchanged { // nobody has that
			_ = d.root.RemoveAll(stagingName)
		}
	}()
	if err := d.makeOurs(stagingName, "pki"); err != nil {
		return err
	}
	for _, name := range changed {
		if !inPKI(name) || want[name] == nil {
			continue
		}
		if err := d.stage(name, want[name]); err != nil {
			return err
		}
	}
	_, err = d.root.Lstat("pki")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := d.syncTree(stagingName); err != nil {
			return err
		}
		if err := d.root.Rename(stagingName, "pki"); err != nil {
			return d.wrap(err)
		}
		return syncDir(d.handle)
	case err != nil:
		return d.wrap(err)
	}
	c := d.newCarrier()
	if err := c.carry("pki", stagingName); err != nil {
		return err
	}
	if err := d.syncTree(stagingName); err != nil {
		return err
	}
	if err := exchange(d.handle, "pki", stagingName); err != nil {
		return err
	}
	exchanged = true
	return d.exchanged(c)
}

// exchanged ends what installPKI began, the old pki being where the new one was.
func (d *Dir) exchanged(c *carrier) error {
	err := syncDir(d.handle)
	if err == nil {
		err = c.carry(stagingName, "pki") // what somebody else added meanwhile
	}
	return errors.Join(err, d.retire(stagingName))
}

func (d *Dir) stage(name string, data []byte) error {
	staged := stagingName + "/" + name[len("pki/"):]
	if dir := path.Dir(staged); dir != stagingName {
		if err := d.makeOurs(dir, path.Dir(name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return d.write(staged, modeOf(name), data)
}

// write makes a file that was not there, which is never more open than secret
// before it is whole.
func (d *Dir) write(name string, mode fs.FileMode, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, secretMode)
	if err != nil {
		return d.wrap(err)
	}
	if d.owner.Set {
		err = f.Chown(d.owner.UID, d.owner.GID)
	}
	if err == nil {
		_, err = f.Write(data)
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	return d.wrap(errors.Join(err, f.Sync(), f.Close()))
}

// replace puts a file beside pki in its place.
func (d *Dir) replace(name string, data []byte) error {
	temp := tempName(name)
	defer func() { _ = d.root.Remove(temp) }() // nothing is there after the rename
	if err := d.write(temp, modeOf(name), data); err != nil {
		return err
	}
	if err := d.root.Rename(temp, name); err != nil {
		return d.wrap(err)
	}
	return syncDir(d.handle)
}

// syncTree makes the directories last; their files do already.
func (d *Dir) syncTree(name string) error {
	dir, err := d.root.Open(name)
	if err != nil {
		return d.wrap(err)
	}
	defer dir.Close()
	entries, err := d.list(name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := d.syncTree(name + "/" + e.Name()); err != nil {
				return err
			}
		}
	}
	return syncDir(dir)
}
