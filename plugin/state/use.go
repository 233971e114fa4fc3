// SPDX-License-Identifier: Apache-2.0

package state

import (
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

// Use is what is remembered of how a credential was used. It is written on each
// call without a lock: of two calls at the same moment one may be forgotten,
// which costs a question to the API server, in a rotation also to Magnum, and
// nothing else. Who may have a token after a rotation is remembered apart
// ([Dir.IsClient]).
type Use struct {
	// Verified is when the API server last accepted the credential, or Magnum
	// signed it; zero if it never did.
	Verified time.Time `json:"verified,omitzero"`
	// Answers are the calls since, and before that those of clients that still
	// hold the answer; the oldest first.
	Answers []Answer `json:"answers,omitempty"`
	// Server and Magnum are pauses after the one or the other did not answer.
	Server Pause `json:"server,omitzero"`
	Magnum Pause `json:"magnum,omitzero"`
	// Renewal is one after a short-lived certificate could not be renewed.
	Renewal Pause `json:"renewal,omitzero"`
	// Reconciled is when Magnum was last asked which CA the cluster has, be it in
	// vain.
	Reconciled time.Time `json:"reconciled,omitzero"`
}

// Pause is a time for which somebody who did not answer is not asked again.
type Pause struct {
	From time.Time     `json:"from"`
	For  time.Duration `json:"for"`
}

// Holds says whether p is on at now. A pause from the future was written by
// another clock, and one of more than an hour is damage.
func (p Pause) Holds(now time.Time) bool {
	return p.For > 0 && p.For <= time.Hour && !p.From.After(now) && now.Sub(p.From) < p.For
}

// Answer is one client that got the credential.
type Answer struct {
	Parent process.ID `json:"parent"`
	At     time.Time  `json:"at"`
}

const (
	maxAnswers = 32             // how many clients are remembered
	answerLife = 24 * time.Hour // longer than any lease
)

// Use returns what is known of the use of a credential at now. What lies in the
// future was written by another clock, and counts for nothing.
func (d Dir) Use(id string, now time.Time) Use {
	var u Use
	if !validKey(id) || !d.read(&u, "uses", id+".json") {
		return Use{}
	}
	if u.Verified.After(now) {
		u.Verified = time.Time{}
	}
	if u.Reconciled.After(now) {
		u.Reconciled = time.Time{}
	}
	u.Answers = slices.DeleteFunc(u.Answers, func(a Answer) bool {
		return a.At.After(now) || now.Sub(a.At) > answerLife
	})
	return u
}

// Answered is u after one more answer.
func (u Use) Answered(parent process.ID, now time.Time) Use {
	u.Answers = slices.DeleteFunc(slices.Clone(u.Answers), func(a Answer) bool {
		return a.Parent == parent && parent != (process.ID{})
	})
	u.Answers = append(u.Answers, Answer{Parent: parent, At: now})
	u.Answers = u.Answers[max(0, len(u.Answers)-maxAnswers):]
	return u
}

// Knows says whether a client is one of those that got an answer before.
func (u Use) Knows(parent process.ID) bool {
	return parent != (process.ID{}) && slices.ContainsFunc(u.Answers, func(a Answer) bool { return a.Parent == parent })
}

// Touch remembers u. It is on the path of every call, so it waits neither for
// the disk nor for others who write at the same moment: at the worst nothing is
// remembered.
func (d Dir) Touch(id string, u Use) error {
	if !validKey(id) {
		return errNotKey
	}
	return d.writeSoon(u, "uses", id+".json")
}
