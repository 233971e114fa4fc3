// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
)

// Prepare finds out, before anything is signed, whether d can be written and
// pki exchanged: it is, for a directory with the same files, and back.
func (d *Dir) Prepare() error {
	if err := d.checkMounts("pki"); err != nil {
		return err
	}
	if err := d.tryExchange(); err != nil {
		return fmt.Errorf("exchange %s: %w", d.said("pki"), err)
	}
	return nil
}

func (d *Dir) tryExchange() error {
	pki := "pki"
	if _, err := d.root.Lstat(pki); errors.Is(err, fs.ErrNotExist) { // another has to do
		pki = tempName("pki-0")
		if err := d.makeDir(pki, 0o700, -1, -1); err != nil {
			return err
		}
		defer func() { _ = d.root.Remove(pki) }()
	}
	c := d.newCarrier()
	if err := d.twin(pki, c); err != nil {
		_ = d.root.RemoveAll(stagingName)
		return err
	}
	err := exchange(d.handle, pki, stagingName)
	if err == nil {
		err = exchange(d.handle, pki, stagingName)
	}
	if err == nil {
		err = c.carry(stagingName, pki) // what somebody else added meanwhile
	}
	return errors.Join(err, d.retire(stagingName))
}

// twin makes a directory that has all that another has.
func (d *Dir) twin(of string, c *carrier) error {
	err := d.makeOurs(stagingName, of)
	if err == nil {
		err = c.carry(of, stagingName)
	}
	if err == nil {
		err = d.syncTree(stagingName)
	}
	return err
}

// checkMounts wants nothing to be mounted on pki or below: that could be
// neither exchanged nor given a second link.
func (d *Dir) checkMounts(name string) error {
	is, err := mountPoint(d.handle, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &fs.PathError{Op: "statx", Path: d.said(name), Err: err}
	case is:
		return fmt.Errorf("%s is a mount point, and a pki that has one cannot be exchanged; %s as a whole may be one", d.said(name), d.Path)
	}
	info, err := d.root.Lstat(name)
	if err != nil || !info.IsDir() {
		return d.wrap(gone(err))
	}
	entries, err := d.list(name)
	for _, e := range entries {
		if err := d.checkMounts(name + "/" + e.Name()); err != nil {
			return err
		}
	}
	return gone(err)
}
