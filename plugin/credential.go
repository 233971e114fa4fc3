// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// CredentialDeadline bounds a whole credential call: kubectl's discovery
// gives up after 32 s, and client-go sets the plugin no limit of its own.
const CredentialDeadline = 25 * time.Second

// MaxAgeMin and MaxAgeMax bound how long a key may be kept: less asks Magnum
// all the time, more is what this program is there to end.
const (
	MaxAgeMin = time.Minute
	MaxAgeMax = 30 * 24 * time.Hour
)

// LeaseMin and LeaseMax bound a lease: an answer says in whole seconds until
// when it is good, and who never asks again never learns of a new CA.
const (
	LeaseMin = time.Second
	LeaseMax = 24 * time.Hour
)

// lockWait bounds the wait for another process that issues the same credential,
// or asks about the same cluster. After it we do so too.
const lockWait = 10 * time.Second

// CredentialRequest is a client's question for a credential.
type CredentialRequest struct {
	Identity    credential.Identity
	ClusterName string // for messages
	MaxAge      time.Duration
	Lease       time.Duration // how long a client may use an answer before it asks again
	Exec        credential.ExecInfo
	Parent      process.ID // the client; zero if unknown
	// Config is the command that makes the context anew, for messages.
	Config string
	// Notice is told, in one line, what the user has to know although there is
	// an answer. It is called before the answer is given, at most twice.
	Notice func(line string)
	// NotKept is told, at most once until a record is kept again, that no store
	// has taken the record, with a [NotKeptError]. It is called after the answer
	// was given. Nil for nobody.
	NotKept func(error)
	// Code is the exit code by which the caller reports an error. It is
	// remembered for a client that asks again.
	Code func(error) int
}

// RepeatedError means that this client asked again for what it was just
// refused. It was told why; there is nothing to add.
type RepeatedError struct {
	Code int // as reported the first time
}

func (*RepeatedError) Error() string { return "already refused a moment ago" }

// HeldError repeats, without asking again, why nobody gets a credential now.
type HeldError struct {
	Message string
	Err     error // what it ends with if that is one of heldTokens, or nil
}

func (e *HeldError) Error() string { return e.Message }
func (e *HeldError) Unwrap() error { return e.Err }

// heldTokens are what Keystone gives again if it is asked again.
var heldTokens = []error{credential.ErrNotToken, ErrTokenRevoked}

// held is the error of a message that hold returned.
func held(message string) *HeldError {
	for _, err := range heldTokens {
		if strings.HasSuffix(message, err.Error()) {
			return &HeldError{Message: message, Err: err}
		}
	}
	return &HeldError{Message: message}
}

// Credential answers r with an ExecCredential, given to emit once and whole.
//
// A usable record that nothing speaks against is answered at once: one read of
// the store, no network, no lock. One that may have been overtaken by a rotation
// is first shown to the API server; where that refuses it, or has another CA,
// Magnum is asked (heal). Without a record a new certificate is issued, emitted,
// and then stored; a store that fails costs the next call a signature and
// nothing else. ctx bounds it all; give it [CredentialDeadline].
//
// A token is kept, shown and replaced likewise, but Keystone gives it, no CA
// signs it, and no client gets one that may send it elsewhere (withhold).
func (p *Plugin) Credential(ctx context.Context, r CredentialRequest, emit func([]byte) error) error {
	if err := r.check(); err != nil {
		return err
	}
	c := newCall(p, r, emit)
	if c.refusal() == nil {
		c.load(ctx)
		c.pinnedThen = c.cluster.Pinned
		if c.good() && !c.suspect() && !c.due() && c.withhold() == nil {
			return c.answer(false)
		}
	}
	if code, told := p.State.Failure(c.key, p.Now()).ToldTo(r.Parent); told {
		c.tell("this client was refused a moment ago, and told why: nobody is asked again")
		return &RepeatedError{Code: code}
	}
	err := c.verify(ctx)
	if err == nil {
		_ = p.State.ClearFailure(c.key) // it is forgotten in half a minute anyway
		return nil
	}
	if c.refusal() == nil {
		c.eraseOverstayed(ctx)
	}
	err = &ClusterError{Cluster: r.ClusterName, Err: err}
	if !errors.Is(err, context.Canceled) {
		// At the worst kubectl prints the message more than once.
		_ = p.State.AddFailure(c.key, state.Told{Parent: r.Parent, At: p.Now(), Code: r.Code(err)}, hold(err))
	}
	return err
}

// check refuses what config would not have written.
func (r CredentialRequest) check() error {
	if r.Identity.IsToken() {
		return nil
	}
	if err := checkUser(r.Identity.User); err != nil {
		return err
	}
	if err := checkShortLived(r.Identity.ShortLived, r.Identity.Groups); err != nil {
		return err
	}
	return checkGroups(r.Identity.Groups)
}

// hold is what err says to every client for a while, "" if to the one alone.
func hold(err error) string {
	var refused *RefusedError
	var ended *EndedTokenError
	if errors.As(err, &refused) && refused.ByClock() || errors.As(err, &ended) && !ended.Given {
		return err.Error() // the clocks won't agree within seconds
	}
	if slices.ContainsFunc(heldTokens, func(t error) bool { return errors.Is(err, t) }) {
		return err.Error()
	}
	return ""
}
