// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"
)

// allClusters is the name of a logout from all of them.
const allClusters = "all"

// logoutFile is when somebody logged out.
type logoutFile struct {
	At time.Time `json:"at"`
}

// SetLogout remembers, on the disk when it returns, that no record of a cluster,
// or with "" of any, that was issued before a time is to be handed out again.
func (d Dir) SetLogout(cluster string, at time.Time) error {
	cluster = cmp.Or(cluster, allClusters)
	if cluster != allClusters && !ValidUUID(cluster) {
		return errNotUUID
	}
	return d.write(logoutFile{at}, "logouts", cluster+".json")
}

// Logout returns the last logout from a cluster, or from all, the zero time if
// there was none. A time in the future was written by another clock and counts
// for nothing.
func (d Dir) Logout(cluster string, now time.Time) time.Time {
	var last time.Time
	for _, name := range []string{cluster, allClusters} {
		var l logoutFile
		if (name == allClusters || ValidUUID(name)) && d.read(&l, "logouts", name+".json") && !l.At.After(now) && l.At.After(last) {
			last = l.At
		}
	}
	return last
}

// CheckOwner refuses a state directory that belongs to another user. One that is
// not there is nobody's.
func (d Dir) CheckOwner() error {
	if d.Path == "" {
		return nil
	}
	info, err := os.Stat(d.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !ownedByUs(info):
		return fmt.Errorf("%w: %s", ErrForeign, d.Path)
	}
	return nil
}
