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
	return c.look(ctx, c.cluster.Pinned)
}

// look shows the record to an API server that has one of these CAs. Without a
// record, or a server to ask, it sees nothing.
func (c *call) look(ctx context.Context, pinned []*x509.Certificate) rotation.Seen {
	if c.record == nil || c.target == nil || len(pinned) == 0 {
		return rotation.Seen{}
	}
	return c.target.Probe(ctx, pinned, pair(c.record))
}

func pair(r *credential.Record) tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{r.Certificate.Raw}, PrivateKey: r.Key, Leaf: r.Certificate}
}

// settled says whether the record is good by what was seen, so that Magnum need
// not be asked.
func (c *call) settled(seen rotation.Seen) bool {
	return c.good() && !seen.Stranger && seen.Verdict != rotation.Refused && !c.mustAsk()
}

// settle hands out the record.
func (c *call) settle(ctx context.Context, seen rotation.Seen) error {
	if seen.Verdict == rotation.Accepted {
		c.warnOutdated(seen.Live, c.fixCAFile(ctx))
		return c.answer(true)
	}
	c.pauseServer(seen)
	return c.answer(false)
}

// pauseServer leaves an API server alone that did not answer.
func (c *call) pauseServer(seen rotation.Seen) {
	if seen.Err != nil {
		c.use.Server = pauseAfter(seen.Took, c.Now())
	}
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
		seen = c.lookFirst(ctx)
	}
	if c.settled(seen) {
		return c.settle(ctx, seen)
	}
	if held := c.State.Failure(c.key, c.Now()).Hold; held != "" {
		return &HeldError{Message: held}
	}
	if !c.good() && !c.rotating() && len(c.strangers()) == 0 {
		return c.miss(ctx)
	}
	return c.heal(ctx, seen)
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
	if err == nil {
		err = sameIdentity(conn, c.r.Identity)
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// miss has a certificate signed. That is all, as long as a CA signed it that is
// known; two requests.
func (c *call) miss(ctx context.Context) error {
	if c.inVain() {
		return &RejectedError{}
	}
	conn, err := c.login(ctx)
	if err != nil {
		return err
	}
	got, err := c.issue(ctx, conn.magnum, c.r.Identity, signers(c.cluster))
	if err != nil {
		return explainByUUID(ctx, conn, c.r.Identity.Cluster, err)
	}
	if !got.fetched {
		return c.accept(ctx, got)
	}
	if len(c.cluster.Pinned) > 0 {
		return c.healWith(ctx, conn, nil, c.look(ctx, c.cluster.Pinned), got)
	}
	return c.meet(ctx, conn, got)
}

// meet is the first time that this machine sees the cluster: config did not run
// here. What Magnum says is all there is to go by.
func (c *call) meet(ctx context.Context, conn *connection, got issued) error {
	known := []*x509.Certificate{got.ca}
	if left := without(c.trusted, known); len(left) > 0 {
		return &ForeignCAError{CAs: fingerprints(left)}
	}
	if conn.session.Verified() {
		defer c.lockCluster(ctx, c.r.Identity.Cluster)()
		if len(c.State.Cluster(c.r.Identity.Cluster).Pinned) == 0 {
			_ = c.State.SetCluster(c.r.Identity.Cluster, state.Cluster{Name: c.r.ClusterName, Pinned: known})
		}
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
// rotation says. Who has an answer already does not wait long for Magnum to say
// how the rotation goes.
func (c *call) heal(ctx context.Context, seen rotation.Seen) error {
	asking, cancel := ctx, func() {}
	if c.good() && !seen.Stranger && seen.Verdict != rotation.Refused && len(c.strangers()) == 0 {
		asking, cancel = context.WithTimeout(ctx, housekeepingTime)
	}
	defer cancel()
	conn, err := c.login(asking)
	return c.healBy(ctx, asking, conn, err, seen, issued{})
}

// healWith is heal with a credential that was issued already.
func (c *call) healWith(ctx context.Context, conn *connection, failed error, seen rotation.Seen, got issued) error {
	return c.healBy(ctx, ctx, conn, failed, seen, got)
}

// healBy is heal where Magnum may be asked for as long as asking; failed is why
// it cannot be.
func (c *call) healBy(ctx, asking context.Context, conn *connection, failed error, seen rotation.Seen, got issued) error {
	strangers, start := c.strangers(), c.Now()
	o := c.reconcile(asking, conn, failed, question{
		uuid: c.r.Identity.Cluster, name: c.r.ClusterName, target: c.target, pinned: c.cluster.Pinned,
		seen: seen, look: c.look, record: c.record, aged: c.aged, ca: got.ca,
	})
	c.cluster, c.use.Reconciled = o.after, c.Now()
	if o.magnum == nil {
		c.use.Magnum = pauseAfter(c.Now().Sub(start), c.Now())
	}
	if o.Revoke {
		c.revoke(ctx, c.record, revokedBefore(got, c.Now()))
	}
	if left := without(strangers, []*x509.Certificate{o.magnum}); len(left) > 0 {
		return &ForeignCAError{CAs: fingerprints(left), Repaired: o.rewritten}
	}
	if o.Action == rotation.Refuse {
		return o.refusal()
	}
	c.warn(o)
	if o.Action == rotation.Keep && c.still() {
		c.pauseServer(o.seen)
		return c.answer(o.seen.Verdict == rotation.Accepted)
	}
	if o.magnum == nil {
		return o.magnumErr
	}
	return c.replace(ctx, conn, o, got)
}

// still says whether the record may be handed out by what is pinned by now.
func (c *call) still() bool {
	rec, _, _ := c.usable(c.record)
	return rec != nil
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
	if o.inWindow() {
		c.keep(ctx) // nobody else needs one; it will be good
	}
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
		if seen := c.look(ctx, c.cluster.Pinned); seen.Verdict != rotation.Refused {
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
	defer c.lockCluster(ctx, c.r.Identity.Cluster)()
	fixed, _ := c.repair(ctx, c.r.Identity.Cluster, c.State.Cluster(c.r.Identity.Cluster).Pinned)
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
