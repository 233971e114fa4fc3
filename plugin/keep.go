// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// NotKeptError is a record that no store has taken, so that each call has
// another certificate signed, or gets another token.
type NotKeptError struct {
	Cluster string // its name
	Token   bool   // it is a token that is not kept, and no key
	Err     error
}

func (e *NotKeptError) Error() string {
	what := "key"
	if e.Token {
		what = "token"
	}
	return "keep the " + what + " for cluster \"" + e.Cluster + "\": " + e.Err.Error()
}
func (e *NotKeptError) Unwrap() error { return e.Err }

// windowTime is how much longer a store keeps a record than it is used: in the
// window of a rotation no API server takes a new one.
const windowTime = time.Hour

// lifeOf is how long a store keeps the record at most.
func (c *call) lifeOf() time.Duration {
	switch {
	case c.record.IsToken():
		return c.record.Expires.Sub(c.Now())
	case c.r.Identity.IsShortLived():
		return c.record.Certificate.NotAfter.Sub(c.Now())
	}
	return c.r.MaxAge + windowTime
}

// keep stores the record. kubectl has its credential, or will not get one:
// nothing that goes wrong from here on matters to it.
func (c *call) keep(ctx context.Context) {
	err := c.store(ctx)
	if err == nil {
		c.eraseAged(ctx)
		return
	}
	if c.r.NotKept != nil && ctx.Err() == nil && c.State.FirstNotice(c.key) { // else it is the call that ended
		c.r.NotKept(c.notKept(err))
	}
}

func (c *call) notKept(err error) error {
	return &NotKeptError{Cluster: c.r.ClusterName, Token: c.r.Identity.IsToken(), Err: err}
}

// store has the store keep the record, and remembers which one did.
func (c *call) store(ctx context.Context) error {
	err := c.put(ctx)
	known := c.State.Credential(c.key) // what a store has kept that now takes no more is still there
	known.MaxAge = c.r.MaxAge
	place := c.Store.Name()
	if place != "" && (err == nil || isTimeout(err)) { // which may yet have it
		known = known.MayBeIn(place)
	}
	if err == nil && place != "" {
		known.Issued, known.Until = c.record.Issued, c.record.Issued.Add(c.r.MaxAge)
		switch {
		case c.record.IsToken():
			known.Until = c.record.Expires
		case c.r.Identity.IsShortLived():
			known.Until = c.record.Certificate.NotAfter
		}
		known.Certificate = c.record.Name()
		c.State.ForgetNotice(c.key)
	}
	c.register(c.r.Identity, known)
	if c.record.Began().Before(c.State.Logout(c.r.Identity.Cluster, c.Now())) {
		_ = c.Store.Delete(ctx, c.key) // somebody logged out meanwhile, and may have been here before us
	}
	return err
}

// isTimeout says whether a store may do yet what it was asked.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// put stores the record, but not in place of what a later version of this
// program keeps there, nor one of somebody else: what Magnum signs for a short-lived
// certificate is never kept.
func (c *call) put(ctx context.Context) error {
	switch {
	case c.later:
		return credential.ErrNewerVersion
	case c.record.Identity != c.key:
		return credential.ErrOtherIdentity
	}
	data, err := c.record.Encode()
	if err != nil {
		return err
	}
	return c.Store.Put(ctx, c.key, data, c.lifeOf())
}

const (
	eraseTime = time.Second // to erase what is aged
	mostAged  = 8           // in one call; the next one has the rest
)

// eraseAged erases what this store holds of other credentials that are past
// their max age and not in use any more: only the kernel does that by itself.
func (c *call) eraseAged(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	keys, _ := c.State.Credentials("")
	erased := 0
	for _, key := range keys {
		if key != c.key && c.eraseIfAged(ctx, key) {
			erased++
		}
		if erased == mostAged {
			return
		}
	}
}

// eraseIfAged says whether it has tried. What somebody is issuing is left alone.
func (c *call) eraseIfAged(ctx context.Context, key string) bool {
	place := c.Store.Name()
	aged := func(k state.Credential) bool {
		return slices.Contains(k.Stores, place) && !c.Now().Before(k.Until.Add(windowTime))
	}
	if !aged(c.State.Credential(key)) {
		return false
	}
	waiting, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	unlock, locked := c.State.Lock(waiting, key)
	defer unlock()
	k := c.State.Credential(key)
	if !locked || !aged(k) {
		return false
	}
	if c.Store.Delete(ctx, key) == nil {
		k.Stores = slices.DeleteFunc(k.Stores, func(s string) bool { return s == place })
		_ = c.State.AddCredential(key, k)
	}
	return true
}

// eraseOverstayed erases the record of a call that got no new one, if it has been
// kept for longer than anybody may use it.
func (c *call) eraseOverstayed(ctx context.Context) {
	if k := c.State.Credential(c.key); len(k.Stores) > 0 && !c.Now().Before(k.Until.Add(windowTime)) {
		ctx, cancel := context.WithTimeout(ctx, eraseTime)
		defer cancel()
		_ = c.Store.Delete(ctx, c.key)
	}
}
