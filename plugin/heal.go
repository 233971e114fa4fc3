// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// verify answers with the record once the API server has accepted it, or could
// not be asked, and otherwise with a new one.
func (c *call) verify(ctx context.Context) error {
	if err := c.refusal(); err != nil {
		return err
	}
	if c.r.Identity.IsToken() && len(c.cluster.Pinned) == 0 {
		return &NotConfiguredError{}
	}
	if c.good() && len(c.strangers()) == 0 && c.State.Touch(c.key, c.use) != nil {
		// Nothing can be remembered, so there would be no end to asking.
		return c.answer(false)
	}
	seen := c.lookFirst(ctx)
	if c.settled(seen) && !c.due() {
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
	if c.record.IsToken() {
		return c.target.ProbeToken(ctx, pinned, c.record.Token)
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
	waiting, cancel := context.WithTimeout(ctx, cmp.Or(c.testOnlyPatience, lockWait))
	defer cancel()
	unlock, _ := c.State.Lock(waiting, c.key)
	defer unlock()
	record, pins := c.record, c.cluster.Pinned
	c.load(ctx)
	if c.good() && !c.suspect() && !c.due() {
		return c.answer(false)
	}
	if !sameRecord(record, c.record) || !sameCAs(pins, c.cluster.Pinned) {
		seen = c.lookFirst(ctx)
	}
	switch {
	case c.settled(seen) && c.due():
		return c.extend(ctx, seen)
	case c.settled(seen):
		return c.settle(ctx, seen)
	}
	if message := c.State.Failure(c.key, c.Now()).Hold; message != "" {
		return held(message)
	}
	if c.needsKeystone(seen) {
		return c.exchange(ctx, nil, seen.Verdict == rotation.Refused)
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
	return a.Name() == b.Name()
}

// login connects as the identity that is asked for, and as no other.
func (c *call) login(ctx context.Context) (*connection, error) {
	start := c.Now()
	defer func() { c.loginTook = c.Now().Sub(start) }()
	o, replaceable := c.confined(c.r.Identity)
	var kept *keptLogin
	if replaceable {
		// The token of a kept login has access rules, which whoever asks Keystone about
		// it has to know of, and no webhook does.
		kept = &keptLogin{Plugin: c.Plugin, ctx: ctx, fits: fitsIdentity(c.r.Identity), limited: c.r.Identity.IsToken()}
	}
	conn, err := c.connectBy(ctx, o, kept)
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
	switch {
	case c.inVain():
		return &RejectedError{}
	case c.r.Identity.IsShortLived() && c.target == nil:
		return &NoServerError{}
	}
	conn, err := c.login(ctx)
	if err != nil {
		return err
	}
	got, err := c.issue(ctx, conn.magnum, c.r.Identity, signers(c.cluster))
	if err != nil {
		return explainByUUID(ctx, conn, c.r.Identity.Cluster, err)
	}
	switch {
	case !got.fetched && c.r.Identity.IsShortLived():
		return c.introduce(ctx, conn, got)
	case !got.fetched:
		return c.accept(ctx, got)
	}
	if len(c.cluster.Pinned) > 0 {
		o := c.ask(ctx, conn, nil, c.look(ctx, c.cluster.Pinned), got.ca)
		return c.follow(ctx, conn, o, got)
	}
	return c.meet(ctx, conn, got)
}

// meet is the first time that this machine sees the cluster: config did not run
// here. What Magnum says is all there is to go by.
func (c *call) meet(ctx context.Context, conn *connection, got issued) error {
	known := []*x509.Certificate{got.ca}
	c.cluster.Pinned = known
	if left := without(c.trusted, known); len(left) > 0 {
		return &ForeignCAError{CAs: fingerprints(left)}
	}
	if conn.session.Verified() {
		defer c.lockCluster(ctx, c.r.Identity.Cluster, clusterWait)()
		if len(c.State.Cluster(c.r.Identity.Cluster).Pinned) == 0 {
			_ = c.State.SetCluster(c.r.Identity.Cluster, state.Cluster{Name: c.r.ClusterName, Pinned: known})
		}
	}
	return c.accept(ctx, got)
}

// inVain says whether the API server has refused a new credential a lease ago
// or less.
func (c *call) inVain() bool { return c.withinLease(c.revoked.InVain) }

func (c *call) withinLease(at time.Time) bool {
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
	return c.follow(ctx, conn, c.ask(asking, conn, err, seen, nil), issued{})
}

// housekeepingTime is how long a call that has its answer already waits for
// Magnum.
const housekeepingTime = 5 * time.Second

// ask has the cluster reconciled. failed is why Magnum cannot be asked, and ca
// its CA if it has been.
func (c *call) ask(ctx context.Context, conn *connection, failed error, seen rotation.Seen, ca *x509.Certificate) outcome {
	strangers := c.strangers()
	o := c.reconcile(ctx, conn, failed, question{
		uuid: c.r.Identity.Cluster, name: c.r.ClusterName, target: c.target, pinned: c.cluster.Pinned,
		seen: seen, look: c.look, record: c.record, aged: c.aged, unsigned: c.r.Identity.IsToken(), ca: ca,
	})
	o.strangers = without(strangers, []*x509.Certificate{o.magnum})
	c.cluster, c.use.Reconciled = o.after, c.Now()
	if o.magnum == nil {
		c.use.Magnum = pauseAfter(c.loginTook+o.took, c.Now())
	}
	return o
}

// follow does what was decided. got is a credential that was issued already, if
// any.
func (c *call) follow(ctx context.Context, conn *connection, o outcome, got issued) error {
	if o.Revoke {
		c.revoke(ctx, c.record, revokedBefore(got, c.Now()))
	}
	switch {
	case len(o.strangers) > 0:
		return &ForeignCAError{CAs: fingerprints(o.strangers), Repaired: o.rewritten, Err: o.magnumErr}
	case o.Action == rotation.Refuse && o.Reason == rotation.Settled && c.r.Identity.IsToken(): // Magnum is down; Keystone may not be
		return c.exchange(ctx, conn, o.seen.Verdict == rotation.Refused)
	case o.Action == rotation.Refuse:
		return o.refusal()
	}
	c.warn(o)
	switch {
	case o.Action == rotation.Keep && c.still() && c.due():
		return c.extend(ctx, o.seen)
	case o.Action == rotation.Keep && c.still():
		c.pauseServer(o.seen)
		return c.answer(o.seen.Verdict == rotation.Accepted)
	case c.r.Identity.IsToken():
		return c.exchange(ctx, conn, o.seen.Verdict == rotation.Refused)
	case o.magnum == nil:
		return o.magnumErr
	}
	return c.replace(ctx, conn, o, got)
}

// still says whether the record may be handed out by what is pinned by now.
func (c *call) still() bool {
	rec, _, _ := c.usable(c.record)
	return rec != nil
}
