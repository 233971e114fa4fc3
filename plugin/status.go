// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// StatusRequest says which clusters are looked at.
type StatusRequest struct {
	Cluster string // name or UUID; "" for all that this machine knows
}

// ClusterStatus is what is known of one cluster, and of how its CAs agree.
type ClusterStatus struct {
	Name, UUID string
	Server     string // API address; "" if Magnum could not be asked
	Status     string // Magnum's; likewise
	Reason     string // likewise

	Live   *x509.Certificate // the API server's; nil if it did not prove any
	Magnum *x509.Certificate // nil if it could not be asked
	CAFile []*x509.Certificate
	Pinned []*x509.Certificate

	Credentials []CredentialStatus
	Verdict     string // which one is off, or that none is, in a sentence
	Agree       bool
}

// CredentialStatus is one credential that was issued on this machine.
type CredentialStatus struct {
	User     string
	Groups   []string
	Login    *credential.Login // that a token is of, which has neither User nor Groups; nil for a certificate
	Store    string            // "" if there is no record that may be used
	CA       string            // fingerprint of the CA that signed it; "" for a token
	NotAfter time.Time         // of the certificate or token
	Until    time.Time         // by when the key or token is given up
	// ShortLived is for how long the cluster signs its certificates, zero if Magnum
	// does; Renews is from when on the one that there is will be replaced.
	ShortLived time.Duration
	Renews     time.Time
	Verified   time.Time         // when the API server last accepted it, or Magnum signed it, or Keystone gave it; zero: not known
	cert       *x509.Certificate // nil if there is no record, or for a token
}

// Status compares, for each cluster, the CA that the API server presents, the
// one that Magnum has, the ones that kubectl trusts and the one that signed the
// cached certificate. What it learns of a rotation is remembered, as by any
// call that asks Magnum.
//
// A cluster that cannot be looked up is in the answer, with the reason. An
// error is only that of a single cluster that was asked for and is not known
// here either.
func (p *Plugin) Status(ctx context.Context, r StatusRequest) ([]ClusterStatus, error) {
	conn, failed := p.connect(ctx, p.Cloud)
	uuids, err := p.statusClusters(ctx, conn, failed, r)
	if err != nil {
		return nil, err
	}
	var all []ClusterStatus
	for _, uuid := range uuids {
		all = append(all, p.statusOf(ctx, conn, failed, uuid))
	}
	return all, ctx.Err()
}

// statusClusters finds the clusters that are meant. A name is looked up here
// where Magnum cannot be asked.
func (p *Plugin) statusClusters(ctx context.Context, conn *connection, failed error, r StatusRequest) ([]string, error) {
	known := p.State.Clusters()
	if r.Cluster == "" {
		return known, nil
	}
	err := failed
	if err == nil {
		var c magnum.Cluster
		if c, err = conn.magnum.Cluster(ctx, r.Cluster); err == nil {
			return []string{c.UUID}, nil
		}
	}
	var named []string
	for _, uuid := range known {
		if uuid == r.Cluster || p.State.Cluster(uuid).Name == r.Cluster {
			named = append(named, uuid)
		}
	}
	if len(named) == 0 || failed == nil && !worthWaiting(err) {
		return nil, &ClusterError{Cluster: r.Cluster, Err: err}
	}
	return named, nil
}

// statusOf looks at one cluster.
func (p *Plugin) statusOf(ctx context.Context, conn *connection, failed error, uuid string) ClusterStatus {
	before := p.State.Cluster(uuid)
	file := parseBundle(p.State.ReadCAFile(uuid))
	s := ClusterStatus{UUID: uuid, Name: before.Name}
	credentials := p.known(ctx, uuid)
	p.Progress(fmt.Sprintf("looking at cluster %q", s.Name))
	if failed == nil {
		failed = p.describe(ctx, conn, &s)
	}
	q := question{uuid: uuid, name: s.Name, pinned: before.Pinned}
	if s.Server != "" {
		q.target = p.apiServer(s.Server)
	}
	if k, ok := toShow(credentials); ok && q.target != nil {
		k.target = q.target
		q.record, q.look, q.aged, q.unsigned = k.record, k.look, k.aged, k.record.IsToken()
		q.seen = k.look(ctx, before.Pinned)
	}
	o := p.reconcile(ctx, conn, failed, q)
	s.Live, s.Magnum, s.Pinned = o.live(), o.magnum, o.after.Pinned
	if o.Revoke || q.unsigned && o.Reason == rotation.Rotated { // a token says nothing of certificates
		p.clear(ctx, uuid)
	}
	for _, k := range credentials {
		k.load(ctx)
		s.Credentials = append(s.Credentials, p.credentialStatus(k))
	}
	s.CAFile = parseBundle(p.State.ReadCAFile(uuid))
	s.Verdict, s.Agree = verdictOf(s, o, failed, len(file) > 0 && !sameCAs(file, o.before.Pinned))
	return s
}

// toShow is the credential that the API server is shown: one with a record, and a
// certificate rather than a token, as a CA can end it.
func toShow(credentials []known) (known, bool) {
	i := slices.IndexFunc(credentials, func(k known) bool { return k.record != nil && !k.record.IsToken() })
	if i < 0 {
		i = slices.IndexFunc(credentials, func(k known) bool { return k.record != nil })
	}
	if i < 0 {
		return known{}, false
	}
	return credentials[i], true
}

// describe fills in what Magnum says of the cluster.
func (p *Plugin) describe(ctx context.Context, conn *connection, s *ClusterStatus) error {
	c, err := conn.magnum.Cluster(ctx, s.UUID)
	if err != nil {
		return err
	}
	if checkServer(c.APIAddress, false) == nil {
		s.Server = c.APIAddress
	}
	s.Name, s.Status, s.Reason = c.Name, c.Status, c.StatusReason
	return nil
}

func (p *Plugin) credentialStatus(k known) CredentialStatus {
	c := CredentialStatus{User: k.User, Groups: k.Groups, Login: k.r.Identity.Login, ShortLived: k.ShortLived, Verified: k.use.Verified}
	if k.record == nil {
		return c
	}
	c.Store, c.CA, c.NotAfter, c.Until, c.cert = p.Store.Name(), k.record.CA, k.record.Expires, k.until, k.record.Certificate
	if c.cert != nil {
		c.NotAfter = c.cert.NotAfter
	}
	if k.r.Identity.IsShortLived() {
		if c.Renews = k.record.Due(); k.until.Before(c.Renews) {
			c.Renews = k.until
		}
	}
	return c
}
