// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
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

// lockWait bounds the wait for another process that issues the same
// credential. After it we issue one too.
const lockWait = 10 * time.Second

// CredentialRequest is a client's question for a credential.
type CredentialRequest struct {
	Identity    credential.Identity
	ClusterName string // for messages
	MaxAge      time.Duration
	Exec        credential.ExecInfo
	Parent      process.ID // the client; zero if unknown
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
type HeldError struct{ Message string }

func (e *HeldError) Error() string { return e.Message }

// RotatedError means that Magnum signs with a CA that is not the pinned one.
type RotatedError struct{ Pinned, Now string } // fingerprints

func (e *RotatedError) Error() string {
	return fmt.Sprintf("Magnum has replaced the cluster's CA (SHA-256 %.16s… before, %.16s… now)", e.Pinned, e.Now)
}

// Credential answers r with an ExecCredential, given to emit once and whole.
//
// A usable record is answered at once: one read of the store, no network, no
// lock. Anything else is a miss: a new certificate is issued, emitted, and
// then stored; a store that fails costs the next call a signature and nothing
// else. ctx bounds it all; give it [CredentialDeadline].
func (p *Plugin) Credential(ctx context.Context, r CredentialRequest, emit func([]byte) error) error {
	if err := r.check(); err != nil {
		return err
	}
	if rec, expiry, ok := p.cached(ctx, r, p.pinned(r)); ok {
		return answer(r, rec, expiry, emit)
	}
	key := r.Identity.Key()
	if code, told := p.State.Failure(key, p.Now()).ToldTo(r.Parent); told {
		return &RepeatedError{Code: code}
	}
	err := p.renew(ctx, r, emit)
	if err == nil {
		_ = p.State.ClearFailure(key) // it is forgotten in half a minute anyway
		return nil
	}
	err = &ClusterError{Cluster: r.ClusterName, Err: err}
	if !errors.Is(err, context.Canceled) {
		// At the worst kubectl prints the message more than once.
		_ = p.State.AddFailure(key, state.Told{Parent: r.Parent, At: p.Now(), Code: r.Code(err)}, hold(err))
	}
	return err
}

// check refuses what config would not have written.
func (r CredentialRequest) check() error {
	if err := checkUser(r.Identity.User); err != nil {
		return err
	}
	return checkGroups(r.Identity.Groups)
}

func (p *Plugin) pinned(r CredentialRequest) []*x509.Certificate {
	return p.State.Cluster(r.Identity.Cluster).Pinned
}

// cached returns the stored record if it may be used, and until when.
func (p *Plugin) cached(ctx context.Context, r CredentialRequest, pinned []*x509.Certificate) (*credential.Record, time.Time, bool) {
	data, err := p.Store.Get(ctx, r.Identity.Key())
	if err != nil {
		return nil, time.Time{}, false
	}
	rec, err := credential.Decode(data)
	if err != nil {
		return nil, time.Time{}, false
	}
	until, err := rec.Usable(credential.Terms{Identity: r.Identity, Pinned: pinned, MaxAge: r.MaxAge, Now: p.Now()})
	return rec, until, err == nil
}

func answer(r CredentialRequest, rec *credential.Record, expiry time.Time, emit func([]byte) error) error {
	out, err := r.Exec.Answer(rec, expiry)
	if err != nil {
		return err
	}
	return emit(out)
}

// renew issues a new credential under the lock, unless another process did so,
// or found out that it is no use to ask, while we waited for it.
func (p *Plugin) renew(ctx context.Context, r CredentialRequest, emit func([]byte) error) error {
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, locked := p.State.Lock(waiting, r.Identity.Key())
	defer unlock()
	pinned := p.pinned(r) // config may have run while we waited
	if locked {
		if rec, expiry, ok := p.cached(ctx, r, pinned); ok {
			return answer(r, rec, expiry, emit)
		}
	}
	if held := p.State.Failure(r.Identity.Key(), p.Now()).Hold; held != "" {
		return &HeldError{Message: held}
	}
	conn, err := p.connect(ctx, p.confined(r.Identity))
	if err != nil {
		return err
	}
	if err := sameIdentity(conn, r.Identity); err != nil {
		return err
	}
	got, err := p.issue(ctx, conn.magnum, r.Identity, pinned)
	if err != nil {
		return explainByUUID(ctx, conn, r.Identity.Cluster, err)
	}
	if got.fetched && len(pinned) > 0 {
		return &RotatedError{Pinned: pki.Fingerprint(pinned[0]), Now: pki.Fingerprint(got.ca)}
	}
	until, err := got.record.Usable(credential.Terms{
		Identity: r.Identity, Pinned: []*x509.Certificate{got.ca}, MaxAge: r.MaxAge, Now: p.Now(),
	})
	if err != nil {
		return &RefusedError{Err: err}
	}
	if err := answer(r, got.record, until, emit); err != nil {
		return err
	}
	p.keep(ctx, got, r, conn)
	return nil
}

// keep stores what was answered. kubectl has its credential: nothing that
// goes wrong from here on matters to it.
func (p *Plugin) keep(ctx context.Context, got issued, r CredentialRequest, conn *connection) {
	if data, err := got.record.Encode(); err == nil {
		_ = p.Store.Put(ctx, got.record.Identity, data)
	}
	if got.fetched && conn.session.Verified() {
		// Nothing was pinned: this machine did not run config.
		_ = p.State.SetCluster(r.Identity.Cluster, state.Cluster{Name: r.ClusterName, Pinned: []*x509.Certificate{got.ca}})
	}
}

// hold is what err says to every client for a while, "" if to the one alone.
func hold(err error) string {
	var refused *RefusedError
	if errors.As(err, &refused) && refused.dates() {
		return err.Error() // the clocks won't agree within seconds
	}
	return ""
}
