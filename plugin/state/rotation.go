// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// Rotation is one that this program asked Magnum for and has not seen the end
// of.
type Rotation struct {
	Before string    `json:"before"` // fingerprint of the CA that it replaces
	Asked  time.Time `json:"asked"`
}

// Rotation returns the rotation that was asked for and not seen to its end.
func (d Dir) Rotation(id string) (Rotation, bool) {
	var r Rotation
	ok := ValidUUID(id) && d.read(&r, "rotations", id+".json") && r.Before != ""
	return r, ok
}

// SetRotation remembers r, on the disk when it returns: before Magnum is asked.
func (d Dir) SetRotation(id string, r Rotation) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	return d.write(r, "rotations", id+".json")
}

// ClearRotation forgets a rotation that has ended, or never began.
func (d Dir) ClearRotation(id string) error {
	if d.Path == "" || !ValidUUID(id) {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.Path, "rotations", id+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
