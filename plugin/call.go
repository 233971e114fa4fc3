// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// call is one question for a credential on its way to an answer.
type call struct {
	*Plugin
	r    CredentialRequest
	emit func([]byte) error
	key  string
	// began is when the question came: who asked Magnum since has asked for us.
	began     time.Time
	loginTook time.Duration

	target  *rotation.Target    // the API server; nil if it cannot or shall not be asked
	trusted []*x509.Certificate // what the client trusts it by

	pinnedThen []*x509.Certificate // what was pinned when the question came

	// What load found.
	cluster state.Cluster
	use     state.Use
	revoked state.Revocation
	logout  time.Time          // the last one; zero if there was none
	record  *credential.Record // nil if there is none
	until   time.Time          // by when the record is at its end
	aged    bool               // it is past its max age, and good only in the window of a rotation
	spare   *credential.Record // a token at its end, for when no other can be had; nil if there is none
	later   bool               // what is in the store was written by a later version of this program

	following bool // the cluster has a new CA, which its parts get one after the other

	refusal func() error // refuse, done once

	told []string // lines of debugging
}

func newCall(p *Plugin, r CredentialRequest, emit func([]byte) error) *call {
	c := &call{Plugin: p, r: r, emit: emit, key: r.Identity.Key(), began: p.Now()}
	c.refusal = sync.OnceValue(c.refuse)
	if at := r.Exec.Cluster; at != nil && !at.InsecureSkipTLSVerify {
		c.trusted = parseBundle(at.CertificateAuthorityData)
		c.target = p.apiServer(at.Server)
		c.target.ProxyURL, c.target.TLSServerName = at.ProxyURL, at.TLSServerName
	}
	return c
}

// parseBundle reads what a client loaded as its CAs. Like the client it passes
// over what is no certificate.
func parseBundle(data []byte) []*x509.Certificate {
	var cas []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return cas
		}
		if ca, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			cas = append(cas, ca)
		}
	}
}

// load reads what there is of this credential: pins, use, revocations, record.
func (c *call) load(ctx context.Context) {
	now := c.Now()
	c.cluster = c.State.Cluster(c.r.Identity.Cluster)
	c.use = c.State.Use(c.key, now)
	c.revoked = c.State.Revocation(c.key, now)
	c.logout = c.State.Logout(c.r.Identity.Cluster, now)
	c.record, c.until, c.aged, c.spare, c.later = nil, time.Time{}, false, nil, false
	data, err := c.Store.Get(ctx, c.key)
	if err != nil {
		c.tell("store %q: miss: %v", c.Store.Name(), err)
		return
	}
	c.tell("store %q: hit", c.Store.Name())
	rec, err := credential.Decode(data)
	if err != nil {
		c.later = errors.Is(err, credential.ErrNewerVersion)
		c.tell("the record is not used: %v", err)
		return
	}
	c.pinByRecord(rec)
	if len(c.cluster.Pinned) == 0 && c.target != nil {
		c.tell("the record is not used: nothing here vouches for its CA")
		return
	}
	if c.record, c.until, c.aged = c.usable(rec); c.record == nil && !c.lastUse(rec).IsZero() {
		c.spare = rec
	}
}

// usable is rec if it may be handed out, by when it is at its end, and whether
// it is past its max age; nil if it may not.
func (c *call) usable(rec *credential.Record) (_ *credential.Record, until time.Time, aged bool) {
	until, err := rec.Usable(c.terms(c.r.MaxAge))
	if aged = errors.Is(err, credential.ErrTooOld) && !rec.IsToken(); aged {
		until, err = rec.Usable(c.terms(rec.Certificate.NotAfter.Sub(rec.Began())))
	}
	switch {
	case err != nil:
		c.tell("the record is not used: %v", err)
		return nil, time.Time{}, false
	case aged:
		c.tell("the record is past its max age, and used only while the CA is being rotated")
	}
	return rec, until, aged
}

// tell tells Debug, of what load finds again when it looks again only once.
func (c *call) tell(format string, args ...any) {
	if c.Debug == nil {
		return
	}
	if line := fmt.Sprintf(format, args...); !slices.Contains(c.told, line) {
		c.told = append(c.told, line)
		c.Debug(line)
	}
}

// pinByRecord finds the pin where the state directory has none: the record
// knows its CA by fingerprint, and the client has the CA.
func (c *call) pinByRecord(rec *credential.Record) {
	if len(c.cluster.Pinned) > 0 {
		return
	}
	for _, ca := range c.trusted {
		if pki.Fingerprint(ca) == rec.CA {
			c.cluster.Pinned = []*x509.Certificate{ca}
		}
	}
}

func (c *call) terms(maxAge time.Duration) credential.Terms {
	before := c.revoked.Before
	if c.logout.After(before) {
		before = c.logout
	}
	return credential.Terms{
		Identity: c.r.Identity, Signers: signers(c.cluster), MaxAge: maxAge, Now: c.Now(),
		Revoked: credential.Revoked{Before: before, Names: c.revoked.Certificates},
	}
}

// signers are the CAs by which a cluster's records may be signed.
func signers(c state.Cluster) []*x509.Certificate {
	if c.Signer == nil || len(c.Pinned) == 0 {
		return c.Pinned
	}
	return append(slices.Clone(c.Pinned), c.Signer)
}

// good says whether there is a record that may be handed out.
func (c *call) good() bool { return c.record != nil && (!c.aged || len(c.cluster.Pinned) > 1) }

// suspect says whether the record is not handed out at once.
func (c *call) suspect() bool {
	now := c.Now()
	switch {
	case len(c.strangers()) > 0:
		return true
	case c.target == nil, c.use.Server.Holds(now):
		return false
	case c.cluster.Rotating, c.aged, c.outdated():
		return true
	}
	return suspicious(c.use, c.r.Lease, c.r.Parent, now)
}

// rotating says whether a rotation is known to be under way, or to have failed
// on the way.
func (c *call) rotating() bool { return c.cluster.Rotating || len(c.cluster.Pinned) > 1 }

// outdated says whether the client may not trust the API server, as it lacks a
// CA that is pinned.
func (c *call) outdated() bool {
	return slices.ContainsFunc(c.cluster.Pinned, func(ca *x509.Certificate) bool { return !rotation.Contains(c.trusted, ca) })
}

// mustAsk says whether Magnum is to be asked before the record is handed out,
// whatever the API server says of it: during a rotation, lest the old CA stay
// for longer than that, unless another call has asked since this one began, or
// Magnum did not answer a moment ago.
func (c *call) mustAsk() bool {
	return len(c.strangers()) > 0 ||
		c.rotating() && c.use.Reconciled.Before(c.began) && !c.use.Magnum.Holds(c.Now())
}

// strangers are CAs that the client trusts though Magnum never named them. A CA
// that was the cluster's once is only outdated.
func (c *call) strangers() []*x509.Certificate {
	if len(c.cluster.Pinned) == 0 {
		return nil
	}
	known := signers(c.cluster)
	return slices.DeleteFunc(slices.Clone(c.trusted), func(ca *x509.Certificate) bool {
		return rotation.Contains(known, ca) || slices.Contains(c.cluster.Retired, pki.Fingerprint(ca))
	})
}

func sameCAs(a, b []*x509.Certificate) bool {
	all := func(in, of []*x509.Certificate) bool {
		return !slices.ContainsFunc(of, func(ca *x509.Certificate) bool { return !rotation.Contains(in, ca) })
	}
	return all(a, b) && all(b, a)
}

// answer hands out the record, and remembers that it did. With verified the API
// server has just accepted it.
func (c *call) answer(verified bool) error {
	if err := c.withhold(); err != nil {
		return err
	}
	now := c.Now()
	// It is told in whole seconds, and must not be in the past.
	expiry := now.Add(c.r.Lease + time.Second - 1).Truncate(time.Second)
	if c.until.Before(expiry) {
		expiry = c.until
	}
	if c.r.Identity.IsShortLived() && c.nextTry(now).Before(expiry) {
		expiry = c.nextTry(now)
	}
	// Its end may have passed while the API server was asked.
	if soon := now.Add(2*time.Second - 1).Truncate(time.Second); expiry.Before(soon) {
		expiry = soon
	}
	out, err := c.r.Exec.Answer(c.record, expiry)
	if err != nil {
		return err
	}
	if err := c.emit(out); err != nil {
		return err
	}
	if verified {
		c.use.Verified, c.use.Server = now, state.Pause{}
	}
	// What goes wrong from here on does not matter to kubectl.
	if c.r.Identity.IsToken() && !c.isClient() {
		_ = c.State.AddClient(c.key, c.r.Parent, now)
	}
	_ = c.State.Touch(c.key, c.use.Answered(c.r.Parent, now))
	return nil
}
