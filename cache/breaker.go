// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// restTime is how long a store that hung is left alone.
	restTime = 5 * time.Minute
	// slowAnswer is what an idle machine does not take for an answer. Others who
	// wait just as long may have to know that there are answers.
	slowAnswer = 100 * time.Millisecond
	// patience leaves a ping half of the least time that a call may take.
	patience = 500 * time.Millisecond
)

var errResting = fmt.Errorf("%w: %w", ErrUnavailable, ErrHung)

// Breaker is a circuit breaker: it keeps a store that hangs from holding up one
// process after the other. Such a store is ErrHung at once, for five
// minutes or until it answers somebody who insists.
//
// A store hangs if it gave no answer in time to a call, nor to the ping that is
// sent meanwhile, nor to any other process since the call began: a burst is not
// a hang. One that answers pings and nothing else hangs when it has left two
// calls in a row without an answer. It is safe for concurrent use.
type Breaker struct {
	Store Store
	// Ping asks the store for a sign of life and waits for it until the context
	// ends.
	Ping func(context.Context) error
	// Patience is how long a call may take before the store is pinged. Zero means
	// half a second. It is to be less than any deadline of the store's.
	Patience time.Duration
	Now      func() time.Time
	// Load and Save keep what all processes of the user know of the store. A
	// Save that fails is one of which the others don't learn.
	Load func() Outage
	Save func(Outage)
	// Insist asks the store although it hung in another process.
	Insist bool

	hung atomic.Bool // in this process
}

// Outage is what is known of a store that gave no answer. Times that lie in the
// future were written by another clock, and count for nothing.
type Outage struct {
	GivenUp time.Time `json:"given_up,omitzero"` // when a call was last given up
	Hung    bool      `json:"hung,omitempty"`    // it was not just busy
	// Answered is when there was an answer after that, or a slow one.
	Answered time.Time `json:"answered,omitzero"`
}

// since says whether a call was given up within restTime, without an answer
// since.
func (o Outage) since(now time.Time) bool {
	age := now.Sub(o.GivenUp)
	return age >= 0 && age < restTime
}

// Name is the store's.
func (b *Breaker) Name() string { return b.Store.Name() }

// Get is the store's, or ErrHung.
func (b *Breaker) Get(ctx context.Context, key string) (data []byte, err error) {
	err = b.call(ctx, func() error { data, err = b.Store.Get(ctx, key); return err })
	return data, err
}

// Put is the store's, or ErrHung.
func (b *Breaker) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	return b.call(ctx, func() error { return b.Store.Put(ctx, key, data, life) })
}

// Delete is the store's, or ErrHung.
func (b *Breaker) Delete(ctx context.Context, key string) error {
	return b.call(ctx, func() error { return b.Store.Delete(ctx, key) })
}

func (b *Breaker) call(ctx context.Context, ask func() error) error {
	began, known := b.Now(), b.Load()
	if b.hung.Load() || known.Hung && known.since(began) && !b.Insist {
		return errResting
	}
	done := b.ping(ctx)
	err := ask()
	pinged, alive := done()
	switch {
	case errors.Is(err, ErrTimeout) && pinged:
		b.giveUp(began, alive)
	case isAnswer(err) && (!known.GivenUp.IsZero() || b.Now().Sub(began) > slowAnswer):
		b.Save(Outage{Answered: b.Now()})
	}
	return err
}

// giveUp remembers that the call that began then got no answer.
func (b *Breaker) giveUp(began time.Time, alive bool) {
	now, known := b.Now(), b.Load()
	if known.Answered.After(began) && !known.Answered.After(now) {
		return // only busy
	}
	// A call that began before the other was given up is of the same burst.
	again := known.since(now) && !known.GivenUp.After(began)
	hung := !alive || again
	if hung {
		b.hung.Store(true)
	}
	b.Save(Outage{GivenUp: now, Hung: hung || known.Hung && known.since(now)})
}

// ping pings the store when a call has taken long. done ends that, and says
// whether it was so and whether the ping came back.
func (b *Breaker) ping(ctx context.Context) (done func() (pinged, alive bool)) {
	var sent, back atomic.Bool
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(cmp.Or(b.Patience, patience), func() {
		sent.Store(true)
		if err := b.Ping(ctx); ctx.Err() == nil && !errors.Is(err, ErrTimeout) {
			back.Store(true)
		}
	})
	return func() (bool, bool) {
		defer cancel()
		timer.Stop()
		return sent.Load(), back.Load()
	}
}

// isAnswer says whether a store that works may have said so.
func isAnswer(err error) bool {
	return err == nil || errors.Is(err, ErrMiss) || errors.Is(err, ErrLocked)
}
