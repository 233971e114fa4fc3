// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

var (
	errNotUUID = errors.New("cluster is not named by a UUID")
	errNotKey  = errors.New("credential is not named by a key")
)

// Failure is the last time that no credential could be had. kubectl runs a
// failing plugin up to five times in a row; the first answer stands for all.
type Failure struct {
	Parent process.ID `json:"parent"` // the client that was told
	At     time.Time  `json:"at"`
	// Hold is a message for every other client too: asking again so soon
	// could not end otherwise. Empty if it could.
	Hold string `json:"hold,omitempty"`
}

// failureLife is how long a failure is believed.
const failureLife = 30 * time.Second

// Failure returns what failed less than 30 s ago.
func (d Dir) Failure(id string, now time.Time) (Failure, bool) {
	var f Failure
	if !key.MatchString(id) || !d.read(&f, "failures", id+".json") {
		return Failure{}, false
	}
	age := now.Sub(f.At)
	return f, age >= 0 && age < failureLife
}

// ToldTo says whether parent is the client that got the message of f.
func (f Failure) ToldTo(parent process.ID) bool {
	return parent != process.ID{} && parent == f.Parent
}

// SetFailure remembers f in place of any before.
func (d Dir) SetFailure(id string, f Failure) error {
	if !key.MatchString(id) {
		return errNotKey
	}
	return d.write(f, "failures", id+".json")
}

// ClearFailure forgets the failure after a success.
func (d Dir) ClearFailure(id string) error {
	if d.Path == "" || !key.MatchString(id) {
		return nil
	}
	err := os.Remove(filepath.Join(d.Path, "failures", id+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
