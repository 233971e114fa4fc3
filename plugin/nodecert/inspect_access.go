// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// access says what is wrong with the mode and the owner of a file, which is it
// or its key. Of what is not ours it says only what everybody could do: others
// give files to users and groups of their own.
func (x *inspector) access(f *Inspected, it string, secret bool, info fs.FileInfo) {
	mode, right := info.Mode().Perm(), fs.FileMode(publicMode)
	if secret {
		right = secretMode
	}
	switch {
	case secret && mode&x.others(0o077) != 0:
		f.problem("%v", errExposed)
	case mode&x.others(0o022) != 0:
		f.problem("others can write %s", it)
	case x.layout == Ours && mode != right:
		f.problem("%s has mode %04o, not %04o", it, mode, right)
	}
	x.ownership(f, it, info)
}

// others are those of some bits that nobody else may have.
func (x *inspector) others(bits fs.FileMode) fs.FileMode {
	if x.layout == Ours {
		return bits
	}
	return bits & 0o007
}

// ownership says what of ours a run would not read, or give to another.
func (x *inspector) ownership(f *Inspected, it string, info fs.FileInfo) {
	if x.layout != Ours {
		return
	}
	d := &Dir{owner: x.owner}
	uid, gid := ownerOf(info)
	if placed, ok := errors.AsType[*PlacedError](d.checkOwner("", info)); ok {
		f.problem("%s %s", it, placed.Reason)
	} else if d.otherOwner(info) {
		f.problem("%s belongs to %d:%d, not to %d:%d", it, uid, gid, x.owner.UID, x.owner.GID)
	}
}

// directories are those in which others could place something.
func (x *inspector) directories(rootDir string) []Inspected {
	if x.layout == Ours {
		return x.ourDirectories(rootDir)
	}
	var all []Inspected
	for _, name := range slices.Sorted(maps.Keys(x.passed)) {
		f := Inspected{Path: name}
		if mode := x.passed[name]; mode&0o002 != 0 && mode&fs.ModeSticky == 0 {
			f.problem("others can write in it")
			all = append(all, f)
		}
	}
	return all
}

// ourDirectories are those in which a run would not work, by its own checks: of
// those on the way to etc/kubernetes the first one.
func (x *inspector) ourDirectories(rootDir string) []Inspected {
	d, err := open(rootDir, x.owner, false)
	if err != nil {
		return []Inspected{x.refused(rootDir, err)}
	}
	defer d.Close()
	var all []Inspected
	for _, name := range []string{"pki", "pki/etcd"} {
		info, err := d.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		f := Inspected{Path: "etc/kubernetes/" + name}
		switch {
		case err != nil:
			f.problem("%v", bare(err))
		case x.node.Role == ControlPlane || name == "pki":
			if placed, ok := errors.AsType[*PlacedError](d.ours("", info)); ok {
				f.problem("it %s", placed.Reason)
			}
		}
		if err == nil && info.IsDir() && len(f.Problems) == 0 {
			x.ownership(&f, "it", info)
		}
		if len(f.Problems) > 0 {
			all = append(all, f)
		}
	}
	return all
}

// refused is what opening etc/kubernetes says, as of a directory below the root,
// or one above it by its whole path.
func (x *inspector) refused(rootDir string, err error) Inspected {
	placed, ok := errors.AsType[*PlacedError](err)
	if !ok {
		f := Inspected{Path: "etc/kubernetes"}
		f.problem("%v", bare(err))
		return f
	}
	f := Inspected{Path: placed.Path}
	if below, ok := strings.CutPrefix(placed.Path, strings.TrimSuffix(path.Clean(rootDir), "/")); ok {
		f.Path = path.Join(".", strings.TrimPrefix(below, "/"))
	}
	f.problem("it %s", placed.Reason)
	return f
}
