// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
)

// carrier gives what is in one directory to another too, and once they are
// exchanged what others placed there meanwhile: files are the same files
// afterwards, by a second link. What they remove meanwhile is left out.
type carrier struct {
	dir   *Dir
	links map[string]fs.FileInfo // by path below either directory
}

func (d *Dir) newCarrier() *carrier { return &carrier{d, map[string]fs.FileInfo{}} }

func (c *carrier) carry(from, to string) error {
	entries, err := c.dir.list(from)
	if err != nil {
		return gone(err)
	}
	for _, e := range entries {
		old, next := from+"/"+e.Name(), to+"/"+e.Name()
		if !e.IsDir() {
			if err := gone(c.file(old, next)); err != nil {
				return c.dir.wrap(err)
			}
			continue
		}
		switch err := c.dir.carryDir(old, next); {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil && !errors.Is(err, fs.ErrExist):
			return err
		}
		if err := c.carry(old, next); err != nil {
			return err
		}
	}
	return nil
}

// file takes the place of one that was carried before and of no other: what
// this run made, or somebody else since, is newer.
func (c *carrier) file(old, next string) error {
	root := c.dir.root
	_, name, _ := strings.Cut(next, "/")
	err := root.Link(old, next)
	if err == nil {
		c.links[name], err = root.Lstat(next)
		return err
	}
	before := c.links[name]
	switch {
	case !errors.Is(err, fs.ErrExist):
		return err
	case before == nil:
		return nil
	}
	placed, err := root.Lstat(old)
	if err != nil {
		return err
	}
	there, err := root.Lstat(next)
	if err != nil || os.SameFile(placed, there) || !os.SameFile(before, there) {
		return err
	}
	temp := tempName(path.Base(next))
	defer func() { _ = root.Remove(temp) }() // nothing is there after the rename
	if err := root.Link(old, temp); err != nil {
		return err
	}
	return root.Rename(temp, next)
}

func (d *Dir) list(name string) ([]fs.DirEntry, error) {
	dir, err := d.root.Open(name)
	if err != nil {
		return nil, d.wrap(err)
	}
	entries, err := dir.ReadDir(-1)
	return entries, d.wrap(errors.Join(err, dir.Close()))
}

// gone is err, unless somebody removed a file that was seen before.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
