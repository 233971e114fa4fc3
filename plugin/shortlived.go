// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// ShortLivedMin and ShortLivedMax bound the life of a short-lived certificate:
// Kubernetes signs none for less, and more than a day is not short.
const (
	ShortLivedMin = apiserver.LifeMin
	ShortLivedMax = 24 * time.Hour
)

// goodLife is short, and long enough for programs that watch something.
const goodLife = time.Hour

// mastersGroup may do anything, whatever the cluster's role bindings say. API
// servers take it from a CA, and refuse to ask for it.
const mastersGroup = "system:masters"

// NoServerError means that a client did not say which API server is to sign, or
// does not verify the one that it named.
type NoServerError struct{}

func (*NoServerError) Error() string {
	return "a short-lived certificate is the API server's to sign, and the client names none (provideClusterInfo) or does not verify it (insecure-skip-tls-verify)"
}

// NotShortLivedError is a cluster that gives no short-lived certificates.
type NotShortLivedError struct{ Err error }

func (e *NotShortLivedError) Error() string {
	return "it gives no short-lived certificates: " + e.Err.Error()
}
func (e *NotShortLivedError) Unwrap() error { return e.Err }

// checkShortLived refuses what no API server would sign.
func checkShortLived(life time.Duration, groups []string) error {
	if life > 0 && slices.Contains(groups, mastersGroup) {
		return &NameError{"--group", mastersGroup, "is none that an API server signs a short-lived certificate for"}
	}
	return nil
}

// magnumIdentity is whom Magnum signs for when a credential for id is wanted. For
// a short-lived certificate that is somebody who may have the cluster sign it. Its
// record is nobody's: it is used for seconds and never kept.
func magnumIdentity(id credential.Identity) credential.Identity {
	if id.IsShortLived() {
		id.ShortLived, id.Groups = 0, []string{mastersGroup}
	}
	return id
}

// renewsItself says whether a certificate for id can ask for the next one.
func renewsItself(id credential.Identity) bool {
	return id.IsShortLived() && slices.Contains(id.Groups, ClusterAdmins)
}

// signByCluster makes a key in memory, has the API server, which roots verify, sign
// for it, and checks what came back. It is asked with by, which also says since when
// the line of certificates goes back. Three requests.
func (p *Plugin) signByCluster(ctx context.Context, at *rotation.Target, roots []*x509.Certificate, by *credential.Record, id credential.Identity) (issued, error) {
	key, err := pki.NewKey()
	if err != nil {
		return issued{}, err
	}
	request, err := pki.ClientRequest(key, id.Subject())
	if err != nil {
		return issued{}, err
	}
	client, done, err := p.apiClient(at, roots, by)
	if err != nil {
		return issued{}, err
	}
	defer done()
	signed, err := client.Sign(ctx, request, id.ShortLived)
	if err != nil {
		return issued{}, err
	}
	now := p.Now()
	refuse := func(err error) error {
		refused := &RefusedError{Err: err, ByCluster: true}
		if !signed.Date.IsZero() {
			refused.Skew = signed.Date.Sub(now)
		}
		return refused
	}
	cert, err := pki.ParseCertificate(signed.PEM)
	if err != nil {
		return issued{}, refuse(err)
	}
	i := slices.IndexFunc(roots, func(ca *x509.Certificate) bool { return pki.SignedBy(cert, ca) == nil })
	if i < 0 || pki.Fingerprint(roots[i]) != by.CA { // which the API server takes, and in a rotation perhaps no other
		return issued{}, refuse(pki.ErrOtherCA)
	}
	record := credential.NewRecord(id, key, cert, roots[i], now)
	record.Since = by.Began()
	if _, err := record.Usable(credential.Terms{Identity: id, Signers: roots, MaxAge: MaxAgeMax, Now: now}); err != nil {
		return issued{}, refuse(err)
	}
	return issued{record: record, ca: roots[i]}, nil
}

// apiClient asks the API server as the holder of a record, until done is called.
func (p *Plugin) apiClient(at *rotation.Target, roots []*x509.Certificate, by *credential.Record) (_ *apiserver.Client, done func(), err error) {
	transport, err := at.Transport(roots, pair(by))
	if err != nil {
		return nil, nil, err
	}
	return &apiserver.Client{
		Server: at.Server, Transport: transport, UserAgent: p.UserAgent, Now: p.Now, Debug: p.Debug,
	}, transport.CloseIdleConnections, nil
}

// introduce shows the API server a certificate that Magnum has just signed, and has
// it sign a short-lived one: nothing may have been asked of it yet, so that this
// tells first whether it is still the cluster's.
func (c *call) introduce(ctx context.Context, conn *connection, got issued) error {
	c.record = got.record
	seen := c.look(ctx, c.cluster.Pinned)
	c.record = nil
	switch {
	case seen.Stranger:
		return c.follow(ctx, conn, c.ask(ctx, conn, nil, seen, got.ca), issued{})
	case seen.Verdict == rotation.Refused:
		c.issuedInVain()
		return &RejectedError{Magnum: pki.Fingerprint(got.ca)}
	case seen.Silent:
		return &apiserver.UnreachableError{Server: redacted(c.target.Server), Err: seen.Err}
	}
	return c.accept(ctx, got)
}

// shorten has the cluster sign a short-lived certificate. It is asked with one that
// Magnum has just signed, or with the one that is to be replaced. Where the CA has
// just been replaced its signer may need a moment to follow.
func (c *call) shorten(ctx context.Context, by *credential.Record) (issued, error) {
	if c.target == nil {
		return issued{}, &NoServerError{}
	}
	for {
		got, err := c.signByCluster(ctx, c.target, c.cluster.Pinned, by, c.r.Identity)
		var unsigned *apiserver.UnsignedError
		deadline, ok := ctx.Deadline()
		if !errors.Is(err, pki.ErrOtherCA) && !errors.As(err, &unsigned) || !c.following || !ok || deadline.Sub(c.Now()) < confirmMargin {
			return got, err
		}
		c.Progress("waiting for the cluster to sign by its new CA")
		if err := pause(ctx, confirmInterval); err != nil {
			return issued{}, err
		}
	}
}

// renewalPause is how long a certificate that could not be renewed is left alone,
// while it is good.
const renewalPause = time.Minute

// due says whether a short-lived certificate, good as it is, is to be renewed.
func (c *call) due() bool {
	now := c.Now()
	return c.record != nil && c.r.Identity.IsShortLived() && !c.aged && c.target != nil && len(c.cluster.Pinned) > 0 &&
		!now.Before(c.record.Due()) && !c.use.Renewal.Holds(now) && !c.use.Server.Holds(now)
}

// nextTry is by when a client shall ask again, however long its lease is: when its
// short-lived certificate is due or, if that could not be renewed, a while later.
func (c *call) nextTry(now time.Time) time.Time {
	due := c.record.Due().Add(time.Second - 1).Truncate(time.Second)
	if now.Before(due) {
		return due
	}
	return now.Add(renewalPause).Truncate(time.Second)
}

// extend answers with a new certificate in place of one that is due or, where none
// can be had, with that: it is good for a while yet.
func (c *call) extend(ctx context.Context, seen rotation.Seen) error {
	if seen.Verdict != rotation.Accepted {
		return c.settle(ctx, seen)
	}
	renewing, cancel := context.WithTimeout(ctx, housekeepingTime)
	defer cancel()
	got, err := c.renewal(renewing)
	if err == nil {
		_, err = got.record.Usable(c.terms(c.r.MaxAge)) // its line may end just now
	}
	if err != nil {
		c.tell("the certificate is used as long as it is good, since it could not be renewed: %v", err)
		c.use.Renewal = state.Pause{From: c.Now(), For: renewalPause}
		return c.settle(ctx, seen)
	}
	return c.accept(ctx, got)
}

// renewal has the cluster sign a certificate in place of the one that is due. It is
// asked with that one itself, without OpenStack, if its group may ask, and else with
// one from Magnum.
func (c *call) renewal(ctx context.Context) (issued, error) {
	if renewsItself(c.r.Identity) {
		got, err := c.shorten(ctx, c.record)
		var refused *apiserver.StatusError
		if !errors.As(err, &refused) {
			return got, err
		}
		c.tell("Magnum is asked, since the certificate cannot renew itself: %v", err)
	}
	conn, err := c.login(ctx)
	if err != nil {
		return issued{}, err
	}
	got, err := c.issue(ctx, conn.magnum, c.r.Identity, c.cluster.Pinned)
	if err == nil && got.fetched {
		err = &RotatedError{Pinned: pki.Fingerprint(c.cluster.Pinned[0]), Now: pki.Fingerprint(got.ca)}
	}
	if err != nil {
		return issued{}, err
	}
	return c.shorten(ctx, got.record)
}
