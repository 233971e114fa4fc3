// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// replace issues a credential in place of one that is refused, revoked or not
// there, and has the API server confirm it.
func (c *call) replace(ctx context.Context, conn *connection, o outcome, got issued) error {
	refused := o.seen.Verdict == rotation.Refused
	if o.Reason == rotation.Settled && (c.inVain() || refused && c.withinLease(c.revoked.Replaced)) {
		return &RejectedError{} // a lease is time enough for it to change its mind
	}
	old := c.record
	if got.record == nil && o.byMagnum(old) && refused && o.inWindow() {
		// It is new already: the API server has to follow, not we.
		return c.confirm(ctx, o, c.answer)
	}
	if got.record == nil {
		var err error
		if got, err = c.issue(ctx, conn.magnum, c.r.Identity, []*x509.Certificate{o.magnum}); err != nil {
			return explainByUUID(ctx, conn, c.r.Identity.Cluster, err)
		}
		if got.fetched {
			return &RotatedError{Pinned: pki.Fingerprint(o.magnum), Now: pki.Fingerprint(got.ca)}
		}
	}
	c.record, c.following = got.record, o.mayChange()
	if o.inWindow() && !c.r.Identity.IsShortLived() {
		c.keep(ctx) // nobody else needs one; it will be good
	}
	return c.confirm(ctx, o, func(bool) error {
		if old != nil && !o.Revoke {
			c.revoke(ctx, old, got.record.Issued)
		}
		return c.accept(ctx, got)
	})
}

// revokedBefore is the time before which everything is revoked: now, but never
// what was issued a moment ago.
func revokedBefore(got issued, now time.Time) time.Time {
	if got.record != nil {
		return got.record.Issued
	}
	return now
}

// confirm waits until the API server accepts the record, or cannot say, and
// then goes on. It waits only where a rotation has just been, or is under way.
func (c *call) confirm(ctx context.Context, o outcome, goOn func(accepted bool) error) error {
	for {
		if seen := c.look(ctx, c.cluster.Pinned); seen.Verdict != rotation.Refused {
			return goOn(seen.Verdict == rotation.Accepted)
		}
		deadline, ok := ctx.Deadline()
		if !o.mayChange() || !ok || deadline.Sub(c.Now()) < confirmMargin {
			break
		}
		c.Progress("waiting for the API server to accept the cluster's new CA")
		if err := pause(ctx, confirmInterval); err != nil {
			return err
		}
	}
	c.issuedInVain()
	if o.inWindow() {
		return &InProgressError{Status: o.status}
	}
	return &RejectedError{Magnum: pki.Fingerprint(o.magnum)}
}

// issuedInVain remembers that the API server refuses a new credential too.
func (c *call) issuedInVain() {
	c.revoked = c.State.Revocation(c.key, c.Now())
	c.revoked.InVain = c.Now()
	_ = c.State.SetRevocation(c.key, c.revoked)
}

const (
	confirmInterval = time.Second
	// confirmMargin is what is left of a deadline for the answer.
	confirmMargin = 3 * time.Second
)

// mayChange says whether the API server may soon accept what it refuses now.
func (o outcome) mayChange() bool {
	return o.Reason == rotation.InWindow || o.Reason == rotation.Rotated
}

// accept answers with a new credential, and then keeps it. What Magnum has signed
// for a short-lived certificate becomes one first.
func (c *call) accept(ctx context.Context, got issued) error {
	if c.r.Identity.IsShortLived() && got.record.Identity != c.key {
		var err error
		if got, err = c.shorten(ctx, got.record); err != nil {
			return err
		}
	}
	terms := credential.Terms{Identity: c.r.Identity, MaxAge: c.r.MaxAge, Now: c.Now()}
	if got.ca != nil {
		terms.Signers = []*x509.Certificate{got.ca}
	}
	until, err := got.record.Usable(terms)
	if err != nil {
		return &RefusedError{Err: err}
	}
	return c.give(ctx, got.record, until, true)
}

// give answers with a new record and then keeps it. With verified the API server
// has accepted it, or will, by whom it is from.
func (c *call) give(ctx context.Context, rec *credential.Record, until time.Time, verified bool) error {
	c.record, c.until = rec, until
	if err := c.answer(verified); err != nil {
		return err
	}
	c.keep(ctx)
	return nil
}

// revoke sees to it that nothing issued before a time, nor the old record, is
// handed out again: first it is remembered, then erased, as a store may fail to.
func (c *call) revoke(ctx context.Context, old *credential.Record, before time.Time) {
	name := ""
	if old != nil {
		name = old.Name()
	}
	c.revoked = c.State.Revocation(c.key, c.Now()).With(name, before)
	c.revoked.InVain = time.Time{}
	if old != nil {
		c.revoked.Replaced = c.Now()
	}
	_ = c.State.SetRevocation(c.key, c.revoked)
	if !c.later {
		_ = c.Store.Delete(ctx, c.key)
	}
}
