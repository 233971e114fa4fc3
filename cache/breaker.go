// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// restTime is how long a store that hung is left alone.
	restTime = 5 * time.Minute
	// patience leaves a ping as long again before the shortest deadline of a call.
	patience = 400 * time.Millisecond
	// slowAnswer is what an idle machine does not take for an answer. Others who
	// wait as long have to know that there are answers.
	slowAnswer = 100 * time.Millisecond
	// busyTime is for how long there are such answers in a burst, and everyTime how
	// often one of them is written down.
	busyTime  = 2 * time.Second
	everyTime = 250 * time.Millisecond
)

var errResting = fmt.Errorf("%w: %w", ErrUnavailable, ErrHung)

// Breaker is a circuit breaker: it keeps a store that hangs from holding up one
// process after the other. Such a store is ErrHung at once, for five minutes or
// until it answers somebody who insists.
//
// A store hangs if it gave no answer in time to a call, nor to the ping that is
// sent meanwhile. A burst is not a hang: not if anybody had a slow answer within
// two seconds, nor if this process itself was woken late. One that answers pings
// hangs for those who read, or for those who write, when it has left two such
// calls in a row without an answer. It is safe for concurrent use.
type Breaker struct {
	Store Store
	// Ping asks the store for a sign of life and waits for it until the context
	// ends.
	Ping func(context.Context) error
	// Patience is how long a call may take before the store is pinged. Zero means
	// 0.4 s. Nothing is said of a store that was given less than twice as long.
	Patience time.Duration
	Now      func() time.Time
	// Load and Save keep what all processes of the user know of the store, under a
	// name. A Save that fails is one of which the others don't learn.
	Load func(name string) Outage
	Save func(name string, o Outage)
	// Insist asks the store although it hung in another process.
	Insist bool

	mu   sync.Mutex
	here map[string]Outage // what this process has found
}

// Outage is what is known of a store that gave no answer. Times that lie in the
// future were written by another clock, and count for nothing.
type Outage struct {
	GivenUp time.Time // when a call was last given up
	Hung    bool      // it was not just busy
	// Answered is when there was an answer after that, or a slow one.
	Answered time.Time
}

// MarshalText is always as long, so that of two who write it over each other one
// is whole: nanoseconds since 1970, and 0 for what never was.
func (o Outage) MarshalText() ([]byte, error) {
	hung := 0
	if o.Hung {
		hung = 1
	}
	return fmt.Appendf(nil, "%020d %020d %d", nanoseconds(o.GivenUp), nanoseconds(o.Answered), hung), nil
}

// UnmarshalText reads what MarshalText wrote.
func (o *Outage) UnmarshalText(text []byte) error {
	var givenUp, answered, hung int64
	if _, err := fmt.Sscanf(string(text), "%d %d %d", &givenUp, &answered, &hung); err != nil {
		return err
	}
	*o = Outage{GivenUp: instant(givenUp), Hung: hung == 1, Answered: instant(answered)}
	return nil
}

func nanoseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func instant(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

// The names of outages: of the store, and of what is only asked of it.
const (
	outage      = "all"
	readOutage  = "read"
	writeOutage = "write"
)

// recent says whether a call was given up within restTime before now.
func (o Outage) recent(now time.Time) bool {
	age := now.Sub(o.GivenUp)
	return age >= 0 && age < restTime
}

// Name is the store's.
func (b *Breaker) Name() string { return b.Store.Name() }

// Get is the store's, or ErrHung.
func (b *Breaker) Get(ctx context.Context, key string) (data []byte, err error) {
	err = b.call(ctx, readOutage, func() error { data, err = b.Store.Get(ctx, key); return err })
	return data, err
}

// Put is the store's, or ErrHung.
func (b *Breaker) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	return b.call(ctx, writeOutage, func() error { return b.Store.Put(ctx, key, data, life) })
}

// Delete is the store's, or ErrHung.
func (b *Breaker) Delete(ctx context.Context, key string) error {
	return b.call(ctx, writeOutage, func() error { return b.Store.Delete(ctx, key) })
}

func (b *Breaker) call(ctx context.Context, name string, ask func() error) error {
	began := b.Now()
	if b.rests(outage, began) || b.rests(name, began) {
		return errResting
	}
	done := b.ping(ctx, began)
	err := ask()
	alive := done()
	took := b.Now().Sub(began)
	switch {
	case errors.Is(err, ErrTimeout) && took >= 2*b.patience():
		b.giveUp(name, began, alive)
	case isAnswer(err):
		b.answered(outage, took)
		b.answered(name, took)
	}
	return err
}

// answered writes down that there was an answer, where somebody may have to know.
func (b *Breaker) answered(name string, took time.Duration) {
	known, now := b.known(name), b.Now()
	age := now.Sub(known.Answered)
	if !known.GivenUp.IsZero() || took > slowAnswer && (age < 0 || age > everyTime) {
		b.save(name, Outage{Answered: now})
	}
}

// rests says whether the store is not asked now. What this process has found
// counts for who insists, too.
func (b *Breaker) rests(name string, now time.Time) bool {
	b.mu.Lock()
	here := b.here[name]
	b.mu.Unlock()
	if here.Hung && here.recent(now) {
		return true
	}
	there := b.Load(name)
	return !b.Insist && there.Hung && there.recent(now)
}

// known is the newest of what this process and others know.
func (b *Breaker) known(name string) Outage {
	b.mu.Lock()
	defer b.mu.Unlock()
	here, there := b.here[name], b.Load(name)
	if here.GivenUp.After(there.GivenUp) && here.GivenUp.After(there.Answered) {
		return here
	}
	return there
}

func (b *Breaker) save(name string, o Outage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.here == nil {
		b.here = map[string]Outage{}
	}
	b.here[name] = o
	b.Save(name, o)
}

// giveUp remembers that the call that began then got no answer.
func (b *Breaker) giveUp(name string, began time.Time, alive bool) {
	if !alive {
		name = outage
	}
	known := b.known(name)
	now := b.Now() // after that, or an answer of just now would be in the future
	if age := now.Sub(known.Answered); age >= 0 && age < busyTime {
		return // only busy
	}
	// A call that began before the other was given up is of the same burst.
	again := known.recent(now) && !known.GivenUp.After(began)
	b.save(name, Outage{GivenUp: now, Hung: !alive || again || known.Hung && known.recent(now), Answered: known.Answered})
}

// ping pings the store when a call has taken long. done ends that, and says
// whether the ping came back, was not needed, or was sent so late that the
// machine has no time for the store either.
func (b *Breaker) ping(ctx context.Context, began time.Time) (done func() (alive bool)) {
	var sent, back atomic.Bool
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(b.patience(), func() {
		sent.Store(true)
		if b.Now().Sub(began) > b.patience()+slowAnswer {
			back.Store(true)
			return
		}
		if err := b.Ping(ctx); ctx.Err() == nil && !errors.Is(err, ErrTimeout) {
			back.Store(true)
		}
	})
	return func() bool {
		defer cancel()
		timer.Stop()
		return !sent.Load() || back.Load()
	}
}

func (b *Breaker) patience() time.Duration { return cmp.Or(b.Patience, patience) }

// isAnswer says whether a store that works may have said so.
func isAnswer(err error) bool {
	return err == nil || errors.Is(err, ErrMiss) || errors.Is(err, ErrLocked)
}
