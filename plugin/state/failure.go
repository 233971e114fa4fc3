// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

var (
	errNotUUID = errors.New("cluster is not named by a UUID")
	errNotKey  = errors.New("credential is not named by a key")
)

// Failure is the last time that no credential could be had, and who knows.
// kubectl runs a failing plugin up to five times in a row; the first answer
// stands for all.
type Failure struct {
	Told []Told `json:"told"` // the clients that got the message
	// Hold is a message for every other client too: asking again so soon
	// could not end otherwise. Empty if it could.
	Hold   string    `json:"hold,omitempty"`
	HeldAt time.Time `json:"held_at,omitzero"`
}

// Told is a client, when it was told, and with which exit code.
type Told struct {
	Parent process.ID `json:"parent"`
	At     time.Time  `json:"at"`
	Code   int        `json:"code"`
}

const (
	failureLife = 30 * time.Second // how long a failure is believed
	maxTold     = 64               // how many clients are remembered
)

// Failure returns what failed less than 30 s ago.
func (d Dir) Failure(id string, now time.Time) Failure {
	var f Failure
	if !validKey(id) || !d.read(&f, "failures", id+".json") {
		return Failure{}
	}
	recent := func(at time.Time) bool { age := now.Sub(at); return age >= 0 && age < failureLife }
	f.Told = slices.DeleteFunc(f.Told, func(t Told) bool { return !recent(t.At) })
	if !recent(f.HeldAt) {
		f.Hold, f.HeldAt = "", time.Time{}
	}
	return f
}

// ToldTo says whether parent is one of the clients that got the message, and
// with which exit code.
func (f Failure) ToldTo(parent process.ID) (code int, told bool) {
	i := slices.IndexFunc(f.Told, func(t Told) bool { return t.Parent == parent })
	if i < 0 || parent == (process.ID{}) {
		return 0, false
	}
	return f.Told[i].Code, true
}

// AddFailure remembers that a client was told, and hold if it is not empty.
// Of two at the same moment one may be forgotten; it is then told twice.
func (d Dir) AddFailure(id string, told Told, hold string) error {
	if !validKey(id) {
		return errNotKey
	}
	f := d.Failure(id, told.At)
	f.Told = append(f.Told, told)
	f.Told = f.Told[max(0, len(f.Told)-maxTold):]
	if hold != "" {
		f.Hold, f.HeldAt = hold, told.At
	}
	return d.write(f, "failures", id+".json")
}

// ClearFailure forgets the failure after a success.
func (d Dir) ClearFailure(id string) error {
	if d.Path == "" || !validKey(id) {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.Path, "failures", id+".json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
