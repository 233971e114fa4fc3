// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"os"
)

// lockName stays: who waits for a file that is removed has locked nothing.
const lockName = ".kubectl-magnum.lock"

// lock locks a file that nobody else can open. The directory itself would be
// locked by whoever can read it.
func (d *Dir) lock() error {
	f, err := d.root.OpenFile(lockName, os.O_RDONLY|os.O_CREATE|os.O_EXCL, secretMode)
	if errors.Is(err, fs.ErrExist) {
		f, err = d.open(lockName)
	}
	if err != nil {
		return d.wrap(err)
	}
	d.locked = f // closed with d
	info, err := f.Stat()
	if err != nil {
		return d.wrap(err)
	}
	if err := d.checkOwner(d.said(lockName), info); err != nil {
		return err
	}
	if d.otherOwner(info) {
		if err := f.Chown(d.owner.UID, d.owner.GID); err != nil {
			return d.wrap(err)
		}
	}
	return lock(f)
}
