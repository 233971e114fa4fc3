// SPDX-License-Identifier: Apache-2.0

package state

import (
	"slices"
	"time"
)

// Revocation says which records of a credential must never be handed out
// again, whatever a store brings back.
type Revocation struct {
	// Before is a time with whole seconds: what was issued earlier is revoked.
	Before time.Time `json:"before,omitzero"`
	// Certificates are the names of single certificates and tokens that are. They
	// hold even if clocks were set back.
	Certificates []string `json:"certificates,omitempty"`
	// InVain is when the API server refused a credential that had just been
	// issued because it had refused another: issuing does not help.
	InVain time.Time `json:"in_vain,omitzero"`
	// Replaced is when a credential was last replaced because the API server
	// refused it.
	Replaced time.Time `json:"replaced,omitzero"`
}

const maxRevoked = 16 // how many single certificates or tokens are remembered

// Revocation returns what is revoked, at now. A time in the future was written
// by another clock and counts for nothing.
func (d Dir) Revocation(id string, now time.Time) Revocation {
	var r Revocation
	if !validKey(id) || !d.read(&r, "revocations", id+".json") {
		return Revocation{}
	}
	if r.Before.After(now) {
		r.Before = time.Time{}
	}
	for _, at := range []*time.Time{&r.InVain, &r.Replaced} {
		if at.After(now) {
			*at = time.Time{}
		}
	}
	return r
}

// With is r with everything revoked that was issued before now, and the
// certificate or token of a name, if there is one, even if it is from now.
func (r Revocation) With(name string, now time.Time) Revocation {
	if at := now.UTC().Truncate(time.Second); at.After(r.Before) {
		r.Before = at
	}
	if name != "" && !slices.Contains(r.Certificates, name) {
		r.Certificates = append(slices.Clone(r.Certificates), name)
		r.Certificates = r.Certificates[max(0, len(r.Certificates)-maxRevoked):]
	}
	return r
}

// SetRevocation remembers r, on the disk when it returns. Its caller holds the
// credential's lock.
func (d Dir) SetRevocation(id string, r Revocation) error {
	if !validKey(id) {
		return errNotKey
	}
	return d.write(r, "revocations", id+".json")
}
