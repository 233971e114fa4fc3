// SPDX-License-Identifier: Apache-2.0

package state

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

// client is a process that got a token, and when it first did.
type client struct {
	Parent process.ID `json:"parent"`
	At     time.Time  `json:"at"`
}

const maxClients = 256 // how many are remembered of a credential

// clientName is the name of a client's file: each has its own, so that no lock is
// needed.
func clientName(parent process.ID) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(parent.PID) + " " + parent.Start))
	return hex.EncodeToString(sum[:16]) + ".json"
}

// IsClient says whether a process got the token of a credential, after a time. A
// time in the future was written by another clock, and counts for nothing.
func (d Dir) IsClient(id string, parent process.ID, after, now time.Time) bool {
	var c client
	return validKey(id) && parent != (process.ID{}) && d.read(&c, "clients", id, clientName(parent)) &&
		c.Parent == parent && c.At.After(after) && !c.At.After(now)
}

// AddClient remembers that a process got the token of a credential, without
// waiting for the disk. If there are too many the first that has ended is
// forgotten, or else the first.
func (d Dir) AddClient(id string, parent process.ID, now time.Time) error {
	if !validKey(id) || parent == (process.ID{}) {
		return errNotKey
	}
	if err := d.writeSoon(client{parent, now}, "clients", id, clientName(parent)); err != nil {
		return err
	}
	d.pruneClients(id)
	return nil
}

func (d Dir) pruneClients(id string) {
	dir := filepath.Join(d.Path, "clients", id)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) <= maxClients {
		return
	}
	type file struct {
		path string
		client
	}
	var all []file
	for _, f := range files {
		one := file{path: filepath.Join(dir, f.Name())}
		if text, err := os.ReadFile(one.path); err == nil {
			_ = json.Unmarshal(text, &one.client) // or it is the oldest
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b file) int { return a.At.Compare(b.At) })
	for range len(all) - maxClients {
		i := max(0, slices.IndexFunc(all, func(f file) bool { return hasEnded(f.Parent) }))
		_ = os.Remove(all[i].path) // the next one tries again
		all = slices.Delete(all, i, i+1)
	}
}

func hasEnded(id process.ID) bool {
	now, err := process.Lookup(id.PID)
	return err != nil || now != id
}

// ForgetClients forgets all clients of a credential.
func (d Dir) ForgetClients(id string) error {
	if d.Path == "" || !validKey(id) {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(d.Path, "clients", id))
}
