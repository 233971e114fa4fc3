// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const (
	// repeatTime is how soon after a call another one may be a person, or a
	// script, that repeats what just failed.
	repeatTime = 10 * time.Second
	// recheckTime is for how long a verification is believed even if its client
	// asks again: some run this program for each of their requests.
	recheckTime = time.Second
)

// suspicious says whether a record that may be used shall first be shown to the
// API server. client-go tells nobody that a credential was refused; these are
// the signs of it that can be seen (docs/adr/0011):
//
//   - nobody has verified it for a lease;
//   - the same client asks again before its lease ended, which client-go does
//     after a 401;
//   - somebody was answered unverified a moment ago, and here is the next call.
func suspicious(u state.Use, lease time.Duration, parent process.ID, now time.Time) bool {
	since := now.Sub(u.Verified)
	if u.Verified.IsZero() || since >= lease {
		return true
	}
	return slices.ContainsFunc(u.Answers, func(a state.Answer) bool {
		age, unverified := now.Sub(a.At), a.At.After(u.Verified)
		if a.Parent == parent && parent != (process.ID{}) && age < lease {
			return unverified || since >= recheckTime
		}
		return unverified && age < repeatTime
	})
}

// pauseAfter is for how long somebody is left alone who took so long not to
// answer: long enough that waiting for it stays a small part of the time. The
// 2 s of a probe become 30 s; a refused connection costs nothing, and the server
// may be about to come back with another CA.
func pauseAfter(took time.Duration, now time.Time) state.Pause {
	return state.Pause{From: now, For: min(15*took, 30*time.Second)}
}
