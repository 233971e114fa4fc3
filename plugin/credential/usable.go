// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Why a record is not used. Each is a miss, never a failure.
var (
	ErrOtherIdentity = errors.New("record is of another cluster or identity")
	ErrUnpinnedCA    = errors.New("record was signed by a CA that is not the cluster's any more")
	ErrFromFuture    = errors.New("record was issued in the future")
	ErrTooOld        = errors.New("record's key, certificate or token is at its end")
	ErrRevoked       = errors.New("record was revoked")
	ErrTooLong       = errors.New("certificate lives longer than was asked for")
)

// Terms are what a record must hold against.
type Terms struct {
	Identity Identity
	// Signers are the CAs that Magnum named as the cluster's; none: the record's
	// own word counts.
	Signers []*x509.Certificate
	Revoked Revoked
	MaxAge  time.Duration // how long a key is kept; a token has an end of its own
	Now     time.Time
	// Last is for a token in whose place no other can be had now: it may be used
	// until shortly before its end.
	Last bool
}

// Revoked says which records are not handed out any more, whatever a store
// brings back. The zero Revoked revokes none.
type Revoked struct {
	Before time.Time // with whole seconds: all that began earlier
	Names  []string  // and these, by Record.Name
}

func (v Revoked) has(r *Record) bool {
	return r.Began().Before(v.Before) || slices.Contains(v.Names, r.Name())
}

// Usable decides, alone, whether r may be handed out under t: it is of this
// cluster and identity, and a token just where a token is asked for; key and
// certificate match, and a CA that Magnum named signed it, for no longer than was
// asked for; it was not revoked nor
// issued in the future, and by its dates the API server would accept it now and
// for some minutes more. It returns until when that stays so, or why it is not;
// with [ErrTooOld] everything else holds.
//
// Decode comes before; there is no other condition anywhere.
func (r *Record) Usable(t Terms) (until time.Time, err error) {
	if r.Identity != t.Identity.Key() || r.Cluster != t.Identity.Cluster || r.IsToken() != t.Identity.IsToken() {
		return time.Time{}, ErrOtherIdentity
	}
	if err := r.genuine(t); err != nil {
		return time.Time{}, err
	}
	if t.Revoked.has(r) {
		return time.Time{}, ErrRevoked
	}
	// Two machines may share a keyring, but not a clock.
	if r.Issued.After(t.Now.Add(pki.ClockGrace)) {
		return time.Time{}, ErrFromFuture
	}
	until = r.end(t.MaxAge, t.Last)
	if !t.Now.Before(until) {
		return time.Time{}, ErrTooOld
	}
	return until, nil
}

// genuine checks what a certificate says of itself. A token says nothing to
// anybody but Keystone.
func (r *Record) genuine(t Terms) error {
	if r.IsToken() {
		return nil
	}
	if err := pki.CheckClient(r.Certificate, &r.Key.PublicKey, t.Identity.Subject(), t.Now); err != nil {
		return err
	}
	if err := r.brief(t.Identity); err != nil {
		return err
	}
	return r.signedBy(t.Signers)
}

// brief checks that a short-lived certificate is one: the API server takes it
// until its end, whoever has it. It has a line, and no other certificate does.
func (r *Record) brief(id Identity) error {
	switch {
	case r.Since.IsZero() == id.IsShortLived() || r.Since.After(r.Issued):
		return ErrOtherIdentity
	case id.IsShortLived() && r.Certificate.NotAfter.After(r.Issued.Add(id.ShortLived+pki.ClockGrace)):
		return ErrTooLong
	}
	return nil
}

// signedBy checks r's signature against the signer that r names. Where none is
// known (the state directory was lost) there is nothing to compare with: r was
// checked against Magnum's CA when it was issued, and stands.
func (r *Record) signedBy(signers []*x509.Certificate) error {
	if len(signers) == 0 {
		return nil
	}
	i := slices.IndexFunc(signers, func(ca *x509.Certificate) bool { return pki.Fingerprint(ca) == r.CA })
	if i < 0 {
		return ErrUnpinnedCA
	}
	return pki.SignedBy(r.Certificate, signers[i])
}

// end is when r stops being usable. A leaf may outlive its CA (Magnum dates a
// CA from its creation, a leaf from its signing), and our own max age is
// usually shortest. Of a token what was left when we got it counts as its life:
// one that cannot be renewed is so asked about more often as its end comes near.
func (r *Record) end(maxAge time.Duration, last bool) time.Time {
	if r.IsToken() {
		margin := margin(r.Expires.Sub(r.Issued))
		if last {
			margin = min(margin, lastMargin)
		}
		return r.Expires.Add(-margin).Truncate(time.Second)
	}
	end := r.Began().Add(maxAge)
	margin := margin(r.Certificate.NotAfter.Sub(r.Certificate.NotBefore))
	for _, notAfter := range []time.Time{r.Certificate.NotAfter, r.CANotAfter} {
		if t := notAfter.Add(-margin); t.Before(end) {
			end = t
		}
	}
	return end
}

// Due is when a short-lived certificate is to be renewed, though it is usable for
// a while yet: with a third of its life left, so that whoever is at work has a new
// one before, and a server that is down for minutes has ended nothing.
func (r *Record) Due() time.Time {
	return r.Issued.Add(RenewAfter(r.Certificate.NotAfter.Sub(r.Issued)))
}

// RenewAfter is how long after it was issued a certificate of this life is due.
func RenewAfter(life time.Duration) time.Duration { return life * 2 / 3 }

// lastMargin is for requests that are under way, and clocks.
const lastMargin = 10 * time.Second

// margin is how long before its end something that lives so long is given up.
func margin(life time.Duration) time.Duration { return min(5*time.Minute, life/10) }
