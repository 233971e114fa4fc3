// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"crypto/x509"
	"slices"
)

// Live is what the API server's own chain verifies under.
type Live int

// What can be live.
const (
	LiveUnknown  Live = iota // the server was not asked, or did not answer as one
	LivePinned               // a pinned CA that is not Magnum's
	LiveMagnum               // Magnum's CA, pinned or not
	LiveStranger             // neither: the server did not prove to be the cluster's
)

// Verdict is what the API server said of a record.
type Verdict int

// What an API server says.
const (
	NotShown Verdict = iota // there is no record, or the server did not get to see it
	Accepted
	Refused
)

// Facts are all that a decision is made from.
type Facts struct {
	Pinned []*x509.Certificate // the CAs that Magnum named before: none, one, or the old and the new one
	Magnum *x509.Certificate   // the CA that Magnum names now; nil if it could not be asked
	// Status is the cluster's, as Magnum has it. It counts only where Magnum's
	// CA is not the only one that is pinned.
	Status string
	// Secure means that what Magnum says is known to come from Magnum.
	Secure bool
	Live   Live
	// LiveCA is the pinned CA that is live, with LivePinned.
	LiveCA *x509.Certificate
	// HasRecord says whether there is a record that may be handed out, Aged that
	// it is past its max age, so that only an open window makes it good.
	HasRecord, Aged bool
	// RecordByMagnum says whether Magnum's CA signed the record, or none did, as of
	// a token: no other CA takes its power away.
	RecordByMagnum bool
	Record         Verdict // of the API server on the record
}

// Action is what to do with a question for a credential.
type Action int

// What can be done.
const (
	Keep   Action = iota // hand out the record
	Issue                // hand out a new credential
	Refuse               // hand out nothing
)

// Reason says why a decision is not the everyday one.
type Reason int

// The reasons.
const (
	Settled     Reason = iota // pinned, Magnum's and live CA are one
	Rotated                   // the cluster has a new CA, which Magnum named
	InWindow                  // Magnum has a new CA, the API server not yet
	Differs                   // Magnum has another CA than the cluster, and no rotation is under way
	Retired                   // the API server presents a CA that Magnum has given up
	Impostor                  // the API server did not prove to be the cluster's
	Unasked                   // it did not, by the CAs we know, and Magnum could not be asked
	NotSecure                 // Magnum names another CA over a connection that anybody could have made up
	Unreachable               // the API server does not answer
)

// Decision is what follows from facts.
type Decision struct {
	Action Action
	Reason Reason
	// Pinned are the CAs to trust the cluster by from now on, the old one first.
	Pinned []*x509.Certificate
	// Signer is Magnum's CA where it signs credentials but is not pinned: no
	// server may be trusted by it.
	Signer *x509.Certificate
	// Revoke means that records from before must never be handed out again.
	Revoke bool
}

// Decide is the whole of what happens when a CA may have changed. The live CA
// decides, never Magnum's alone and never the server's word alone.
//
//	Magnum's CA   live       record           decision
//	pinned        pinned     accepted         Keep
//	pinned        pinned     refused or none  Issue
//	new           old        accepted         in the window: pin both, Keep
//	new           old        refused or none  in the window: pin both, Issue
//	new           old        any              otherwise: pins stay; Keep or Issue
//	new           new        any              pin the new one alone, Revoke, Issue
//	any           neither    any              Refuse, nothing is added
//	not asked     pinned     accepted         Keep
//	not asked     neither    any              Refuse, nothing changes
//	any           unknown    any              Keep, or Issue without a record
//
// The window is open while Magnum says UPDATE_IN_PROGRESS or UPDATE_FAILED. Two
// CAs are pinned only then; once it is closed the old one goes, whatever a
// server presents.
func Decide(f Facts) Decision {
	switch {
	case f.Magnum == nil:
		return f.withoutMagnum()
	case f.Live == LiveStranger:
		return f.impostor()
	case len(f.Pinned) == 1 && f.Pinned[0].Equal(f.Magnum):
		return f.stay(f.keepOrIssue(), f.settled())
	case !f.Secure:
		return f.notSecure()
	case f.Live == LiveMagnum, len(f.Pinned) == 0:
		return f.adopt()
	case Window(f.Status):
		return f.window()
	case len(f.Pinned) > 1:
		return f.closeWindow()
	}
	d := f.stay(f.keepOrIssue(), Differs)
	d.Signer = f.Magnum
	return d
}

// Window says whether API servers may still have the CA that Magnum has
// replaced already.
func Window(status string) bool {
	return status == "UPDATE_IN_PROGRESS" || status == "UPDATE_FAILED"
}

// stay leaves the pins as they are.
func (f Facts) stay(a Action, why Reason) Decision {
	return Decision{Action: a, Reason: why, Pinned: f.Pinned}
}

func (f Facts) settled() Reason {
	if f.Live == LiveUnknown {
		return Unreachable
	}
	return Settled
}

// keepOrIssue is what becomes of the record where nothing else speaks against
// it: one that the server did not refuse is good, also if it did not say.
func (f Facts) keepOrIssue() Action {
	if f.HasRecord && !f.Aged && f.Record != Refused {
		return Keep
	}
	return Issue
}

// keepAged is keepOrIssue in the window, where a new credential may be no use
// yet: max age does not end a record that is.
func (f Facts) keepAged() Action {
	f.Aged = false
	return f.keepOrIssue()
}

// withoutMagnum: nothing new is learnt, and nothing can be issued.
func (f Facts) withoutMagnum() Decision {
	keep := f.keepOrIssue()
	if len(f.Pinned) > 1 {
		keep = f.keepAged()
	}
	switch {
	case f.Live == LiveStranger:
		return f.stay(Refuse, Unasked)
	case keep == Keep:
		return f.stay(Keep, f.settled())
	}
	return f.stay(Refuse, Settled)
}

// impostor adds nothing. A window that has closed drops the old CA here too.
func (f Facts) impostor() Decision {
	d := f.stay(Refuse, Impostor)
	if n := len(f.Pinned); n > 1 && f.Secure && !Window(f.Status) {
		d.Pinned = f.Pinned[n-1:]
	}
	return d
}

// notSecure never changes a CA. A record that the server did not refuse is
// good all the same.
func (f Facts) notSecure() Decision {
	if f.Live != LiveMagnum && f.keepOrIssue() == Keep {
		return f.stay(Keep, NotSecure)
	}
	return f.stay(Refuse, NotSecure)
}

// adopt pins Magnum's CA alone: the server serves it, or we know no other.
func (f Facts) adopt() Decision {
	d := Decision{Action: Issue, Reason: Rotated, Pinned: []*x509.Certificate{f.Magnum}, Revoke: !f.RecordByMagnum}
	if len(f.Pinned) == 0 {
		d.Reason, d.Revoke = f.settled(), false
	}
	if f.RecordByMagnum {
		d.Action = f.keepOrIssue()
	}
	return d
}

// window pins both CAs once the server has proved to have the old one. While it
// does not answer nothing is added: Magnum's word alone is not enough.
func (f Facts) window() Decision {
	d := f.stay(f.keepAged(), InWindow)
	if f.Live == LivePinned {
		d.Pinned = []*x509.Certificate{f.LiveCA, f.Magnum}
	} else if !Contains(f.Pinned, f.Magnum) {
		d.Signer = f.Magnum
	}
	return d
}

// closeWindow drops the old CA, whatever the server presents.
func (f Facts) closeWindow() Decision {
	if newest := f.Pinned[len(f.Pinned)-1]; !newest.Equal(f.Magnum) {
		// A rotation has begun and ended since. What it brought is not known to
		// be live, so it has to prove itself next.
		f.Pinned = []*x509.Certificate{newest}
		return Decide(f.forget(newest))
	}
	d := f.adopt()
	if f.Live == LivePinned {
		d.Action, d.Reason = Refuse, Retired
	}
	return d
}

// forget is f where the live CA may have been the one that is dropped.
func (f Facts) forget(kept *x509.Certificate) Facts {
	if f.Live == LivePinned && !f.LiveCA.Equal(kept) {
		f.Live, f.LiveCA = LiveStranger, nil
	}
	return f
}

// Contains says whether ca is one of cas.
func Contains(cas []*x509.Certificate, ca *x509.Certificate) bool {
	return slices.ContainsFunc(cas, ca.Equal)
}
