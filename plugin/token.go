// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// ErrTokenRevoked is a login that gives a token which was erased, or replaced, as
// it is not to be used any more.
var ErrTokenRevoked = errors.New("the login gives a token that is not used here any more, since logout or since an API server refused it")

// EndedTokenError is a token that Keystone gave or confirmed although it has
// ended, by this machine's clock.
type EndedTokenError struct {
	Ends time.Time
	// Given means that the login is a token itself, which none outlives.
	Given bool
}

func (e *EndedTokenError) Error() string {
	if e.Given {
		return fmt.Sprintf("the login is a token, which ends at %s", e.Ends.Format(time.RFC3339))
	}
	return fmt.Sprintf("Keystone gives a token that ends at %s, which has passed by this machine's clock", e.Ends.Format(time.RFC3339))
}

// TokenRejectedError is an API server that refuses what Keystone vouches for.
type TokenRejectedError struct{ Before bool } // in another call, a moment ago

func (e *TokenRejectedError) Error() string {
	if e.Before {
		return "the API server refused a token that Keystone had just given, a moment ago"
	}
	return "the API server refuses a token that Keystone has just given: it may not take Keystone's tokens at all"
}

// newToken makes a record of the token that came with a login. It costs nothing.
func (p *Plugin) newToken(conn *connection, id credential.Identity) (issued, error) {
	now := p.Now()
	rec, err := credential.NewTokenRecord(id, conn.session.Token(), conn.session.ExpiresAt, now)
	if err != nil {
		return issued{}, err
	}
	if slices.Contains(p.State.Revocation(id.Key(), now).Certificates, rec.Name()) {
		return issued{}, ErrTokenRevoked
	}
	until, err := rec.Usable(credential.Terms{Identity: id, Now: now})
	if err != nil {
		return issued{}, &EndedTokenError{Ends: rec.Expires, Given: conn.cloud.Method == "token"}
	}
	return issued{record: rec, until: until}, nil
}

// needsKeystone says whether a token is to be had, in place of one that is not
// there, at its end or refused, and Magnum has no say in it: no CA is in doubt.
func (c *call) needsKeystone(seen rotation.Seen) bool {
	return c.r.Identity.IsToken() && len(c.strangers()) == 0 &&
		(!c.good() || seen.Verdict == rotation.Refused && !c.rotating())
}

// exchange gets a token, with the login conn if there is one already. It is first
// shown to the API server: no CA has signed it, so nothing else tells whether that
// is still the cluster's, and takes tokens. In place of a refused one there is
// another once a lease. It costs one request.
func (c *call) exchange(ctx context.Context, conn *connection, refused bool) error {
	if c.inVain() || refused && c.withinLease(c.revoked.Replaced) {
		return &TokenRejectedError{Before: true}
	}
	if conn == nil {
		var err error
		if conn, err = c.loginSoon(ctx); err != nil {
			return c.makeDo(ctx, err)
		}
	}
	got, err := c.newToken(conn, c.r.Identity)
	if err != nil {
		return err
	}
	old := c.record
	c.record = got.record
	var seen rotation.Seen
	if !c.use.Server.Holds(c.Now()) {
		seen = c.look(ctx, c.cluster.Pinned)
	}
	switch {
	case seen.Verdict == rotation.Refused:
		c.issuedInVain()
		return &TokenRejectedError{}
	case refused && !sameRecord(old, got.record): // a login by token has no other
		c.revoke(ctx, old, got.record.Issued)
	}
	if seen.Stranger {
		c.until = got.until
		c.keep(ctx)
		return c.follow(ctx, conn, c.ask(ctx, conn, nil, seen, nil), issued{})
	}
	c.pauseServer(seen)
	return c.give(ctx, got.record, got.until, seen.Verdict == rotation.Accepted)
}

// lastUse is until when rec may be used if no other token can be had; zero if it
// is none, or past that too.
func (c *call) lastUse(rec *credential.Record) time.Time {
	terms := c.terms(c.r.MaxAge)
	terms.Last = true
	if until, err := rec.Usable(terms); err == nil && rec.IsToken() {
		return until
	}
	return time.Time{}
}

// loginSoon is login, but for a call that has a token to make do with: it does not
// wait long.
func (c *call) loginSoon(ctx context.Context) (*connection, error) {
	if c.spare == nil {
		return c.login(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, housekeepingTime)
	defer cancel()
	return c.login(ctx)
}

// makeDo hands out a token that is at its end where Keystone cannot be asked for
// another, unless the API server refuses it or has another CA. What Keystone
// refuses is refused.
func (c *call) makeDo(ctx context.Context, failed error) error {
	if c.spare == nil || !isOutage(failed) {
		return failed
	}
	c.record = c.spare
	var seen rotation.Seen
	if !c.use.Server.Holds(c.Now()) {
		seen = c.look(ctx, c.cluster.Pinned)
	}
	c.until = c.lastUse(c.spare)
	if seen.Stranger || seen.Verdict == rotation.Refused || c.until.IsZero() {
		return failed
	}
	c.pauseServer(seen)
	return c.answer(seen.Verdict == rotation.Accepted)
}

// isOutage says whether Keystone has not answered the question.
func isOutage(err error) bool {
	var unreachable *openstack.UnreachableError
	var service *openstack.ServiceError
	return errors.As(err, &unreachable) || errors.As(err, &service) && service.Code >= http.StatusInternalServerError ||
		errors.Is(err, context.DeadlineExceeded)
}

// tokenWarning says what a token gives away.
func tokenWarning(conn *connection) string {
	const who = "with --auth token the API server, and so whoever runs it, gets tokens of yours, each of which has until its end "
	if conn.cloud.Method == "application_credential" {
		return who + "the rights of the application credential"
	}
	return who + "all rights of your OpenStack login; an application credential with fewer roles limits them"
}

// tryToken shows the first token to the API server and returns a warning if that
// refuses it: kubectl would say no more than "Unauthorized".
func (p *Plugin) tryToken(ctx context.Context, t *target) []string {
	if !t.id.IsToken() || len(t.pinned) == 0 {
		return nil
	}
	if p.apiServer(t.cluster.APIAddress).ProbeToken(ctx, t.pinned, t.issued.record.Token).Verdict != rotation.Refused {
		return nil
	}
	return []string{fmt.Sprintf("cluster %q: its API server refuses Keystone's token; it takes them only where a webhook asks Keystone (k8s-keystone-auth)", t.cluster.Name)}
}
