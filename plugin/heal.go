// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// verify answers with the record once the API server has accepted it, or could
// not be asked, and otherwise with a new one.
func (c *call) verify(ctx context.Context) error {
	if c.good() && len(c.strangers()) == 0 && c.State.Touch(c.key, c.use) != nil {
		// Nothing can be remembered, so there would be no end to asking.
		return c.answer(false)
	}
	seen := c.lookFirst(ctx)
	if c.settled(seen) {
		return c.settle(ctx, seen)
	}
	return c.renew(ctx, seen)
}

// lookFirst looks only where what it sees may be the end of it.
func (c *call) lookFirst(ctx context.Context) rotation.Seen {
	if !c.good() || len(c.strangers()) > 0 {
		return rotation.Seen{}
	}
	return c.look(ctx)
}

// look shows the record to the API server. Without a record, or a server to ask,
// it sees nothing.
func (c *call) look(ctx context.Context) rotation.Seen {
	if c.record == nil || c.target == nil || len(c.cluster.Pinned) == 0 {
		return rotation.Seen{}
	}
	return c.target.Probe(ctx, c.cluster.Pinned, pair(c.record))
}

func pair(r *credential.Record) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{r.Certificate.Raw}, PrivateKey: r.Key, Leaf: r.Certificate}
}

// settled says whether the record is good by what was seen, so that Magnum need
// not be asked. While two CAs are pinned it always is, lest the old one stay.
func (c *call) settled(seen rotation.Seen) bool {
	if !c.good() || seen.Stranger || seen.Verdict == rotation.Refused || len(c.strangers()) > 0 {
		return false
	}
	return seen.Verdict != rotation.Accepted || len(c.cluster.Pinned) == 1
}

// settle hands out the record.
func (c *call) settle(ctx context.Context, seen rotation.Seen) error {
	if seen.Verdict == rotation.Accepted {
		fixed := c.fixCAFile(ctx)
		c.warnOutdated(seen.Live, fixed)
		return c.answer(true)
	}
	if seen.Err != nil {
		c.use.Asked, c.use.Pause = c.Now(), pauseAfter(seen.Took)
	}
	return c.answer(false)
}

// renew gets a new credential, under the lock, unless another process did so,
// or found out that it is no use to ask, while we waited for it.
func (c *call) renew(ctx context.Context, seen rotation.Seen) error {
	waiting, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, _ := c.State.Lock(waiting, c.key)
	defer unlock()
	record, pins := c.record, c.cluster.Pinned
	c.load(ctx)
	if c.good() && !c.suspect() {
		return c.answer(false)
	}
	if !sameRecord(record, c.record) || !sameCAs(pins, c.cluster.Pinned) {
		if seen = c.lookFirst(ctx); c.settled(seen) {
			return c.settle(ctx, seen)
		}
	}
	if held := c.State.Failure(c.key, c.Now()).Hold; held != "" {
		return &HeldError{Message: held}
	}
	conn, err := c.login(ctx)
	if !c.good() && len(c.cluster.Pinned) <= 1 && len(c.strangers()) == 0 {
		if err != nil {
			return err
		}
		return c.miss(ctx, conn)
	}
	return c.heal(ctx, conn, err, seen, issued{})
}

func sameRecord(a, b *credential.Record) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Certificate.Equal(b.Certificate)
}

// login connects as the identity that is asked for, and as no other.
func (c *call) login(ctx context.Context) (*connection, error) {
	conn, err := c.connect(ctx, c.confined(c.r.Identity))
	if err != nil {
		return nil, err
	}
	return conn, sameIdentity(conn, c.r.Identity)
}

// miss has a certificate signed. That is all, as long as a CA signed it that is
// known; two requests.
func (c *call) miss(ctx context.Context, conn *connection) error {
	if c.inVain() {
		return &RejectedError{}
	}
	got, err := c.issue(ctx, conn.magnum, c.r.Identity, signers(c.cluster))
	if err != nil {
		return explainByUUID(ctx, conn, c.r.Identity.Cluster, err)
	}
	if got.fetched && len(c.cluster.Pinned) > 0 {
		return c.heal(ctx, conn, nil, c.look(ctx), got)
	}
	if got.fetched && conn.session.Verified() {
		// Nothing was pinned: this machine did not run config.
		unlock := c.lockCluster(ctx, c.r.Identity.Cluster)
		_ = c.State.SetCluster(c.r.Identity.Cluster, state.Cluster{Name: c.r.ClusterName, Pinned: []*x509.Certificate{got.ca}})
		unlock()
	}
	return c.accept(ctx, got)
}

// inVain says whether the API server has refused a new credential a lease ago
// or less.
func (c *call) inVain() bool {
	at := c.revoked.InVain
	return !at.IsZero() && c.Now().Sub(at) < c.r.Lease
}

// heal asks Magnum which CA the cluster has and does what the table in package
// rotation says. got is a credential that was issued already, if any; failed is
// why Magnum cannot be asked.
func (c *call) heal(ctx context.Context, conn *connection, failed error, seen rotation.Seen, got issued) error {
	strangers := c.strangers()
	q := question{
		uuid: c.r.Identity.Cluster, name: c.r.ClusterName, target: c.target, pinned: c.cluster.Pinned,
		seen: seen, look: c.look, record: c.record, aged: c.aged, ca: got.ca,
	}
	asking, cancel := ctx, func() {}
	if seen.Verdict == rotation.Accepted {
		// kubectl works: nobody shall wait long to hear how the rotation goes.
		asking, cancel = context.WithTimeout(ctx, housekeepingTime)
	}
	o := c.reconcile(asking, conn, failed, q)
	cancel()
	c.cluster = o.after
	if left := o.strangersLeft(strangers); len(left) > 0 {
		return &ForeignCAError{CAs: fingerprints(left), Repaired: o.rewritten}
	}
	if o.Revoke {
		c.revoke(ctx, c.record, revokedBefore(got, c.Now()))
	}
	if o.Action == rotation.Refuse {
		return o.refusal()
	}
	c.warn(o)
	if o.Action == rotation.Keep {
		return c.answer(o.seen.Verdict == rotation.Accepted)
	}
	return c.replace(ctx, conn, o, got)
}

// housekeepingTime is how long a call that has its answer already waits for
// Magnum.
const housekeepingTime = 5 * time.Second

// replace issues a credential in place of one that is refused, revoked or not
// there, and has the API server confirm it.
func (c *call) replace(ctx context.Context, conn *connection, o outcome, got issued) error {
	if o.Reason == rotation.Settled && c.inVain() {
		return &RejectedError{}
	}
	old := c.record
	if got.record == nil && o.byMagnum(old) && o.seen.Verdict == rotation.Refused && o.inWindow() {
		// It is new already: the API server has to follow, not we.
		return c.confirm(ctx, o, func() error { return c.answer(true) })
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
	c.record = got.record
	return c.confirm(ctx, o, func() error {
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
// then goes on. It waits only where a rotation is under way.
func (c *call) confirm(ctx context.Context, o outcome, goOn func() error) error {
	for {
		if seen := c.look(ctx); seen.Verdict != rotation.Refused {
			return goOn()
		}
		deadline, ok := ctx.Deadline()
		if !o.mayChange() || !ok || deadline.Sub(c.Now()) < confirmMargin {
			break
		}
		c.Progress("waiting for the API server to accept the cluster's new CA")
		select {
		case <-ctx.Done():
		case <-time.After(confirmInterval):
		}
	}
	c.revoked.InVain = c.Now()
	_ = c.State.SetRevocation(c.key, c.revoked)
	if o.inWindow() {
		c.keep(ctx) // it will be good
		return &InProgressError{Status: o.status}
	}
	return &RejectedError{Magnum: pki.Fingerprint(o.magnum)}
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

// accept answers with a new credential, and then keeps it.
func (c *call) accept(ctx context.Context, got issued) error {
	until, err := got.record.Usable(credential.Terms{
		Identity: c.r.Identity, Signers: []*x509.Certificate{got.ca}, MaxAge: c.r.MaxAge, Now: c.Now(),
	})
	if err != nil {
		return &RefusedError{Err: err}
	}
	c.record, c.until = got.record, until
	if err := c.answer(true); err != nil {
		return err
	}
	c.keep(ctx)
	return nil
}

// keep stores the record. kubectl has its credential, or will not get one:
// nothing that goes wrong from here on matters to it.
func (c *call) keep(ctx context.Context) {
	if data, err := c.record.Encode(); err == nil {
		_ = c.Store.Put(ctx, c.key, data)
	}
	c.register(c.r.Identity, state.Credential{MaxAge: c.r.MaxAge})
}

// revoke sees to it that nothing issued before a time, nor the old record, is
// handed out again: first it is remembered, then erased, as a store may fail to.
func (c *call) revoke(ctx context.Context, old *credential.Record, before time.Time) {
	name := ""
	if old != nil {
		name = pki.Fingerprint(old.Certificate)
	}
	c.revoked = c.revoked.With(name, before)
	c.revoked.InVain = time.Time{}
	_ = c.State.SetRevocation(c.key, c.revoked)
	_ = c.Store.Delete(ctx, c.key)
}

// fixCAFile repairs the CA file where the client trusts something else than
// what is pinned, and says whether it had to be.
func (c *call) fixCAFile(ctx context.Context) bool {
	if sameCAs(c.trusted, c.cluster.Pinned) {
		return false
	}
	fixed, _ := c.repair(ctx, c.r.Identity.Cluster, c.cluster.Pinned)
	return fixed
}

// warn tells what a reconciliation has found, where the user has to know.
func (c *call) warn(o outcome) {
	if o.Reason == rotation.Differs {
		c.r.Notice(fmt.Sprintf("cluster %q: Magnum has another CA (SHA-256 %s) than the API server, though it says %s; the pinned one stays",
			c.r.ClusterName, pki.Fingerprint(o.magnum), o.status))
	}
	switch {
	case o.fileErr != nil:
		c.r.Notice(fmt.Sprintf("cluster %q: its CA has changed, but the CA file could not be written: %v", c.r.ClusterName, o.fileErr))
	case o.live() != nil:
		c.warnOutdated(o.live(), o.rewritten)
	}
}

// warnOutdated tells that this client cannot trust the API server yet: it has
// loaded its CAs before it asked.
func (c *call) warnOutdated(live *x509.Certificate, rewritten bool) {
	switch {
	case live == nil || c.target == nil || rotation.Contains(c.trusted, live):
	case rewritten:
		c.r.Notice(fmt.Sprintf("cluster %q has a new CA: it was fetched from Magnum and the CA file replaced; run the command again", c.r.ClusterName))
	case !c.use.Knows(c.r.Parent):
		// It loaded the CA file before another call repaired it, or it has the old
		// CA from elsewhere, which cannot be told apart here. One that runs for
		// long is told once.
		c.r.Notice(fmt.Sprintf("cluster %q has a new CA, which kubectl has not loaded: run the command again or, if that does not help, make the context anew: %s", c.r.ClusterName, c.r.Config))
	}
}
