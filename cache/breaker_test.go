// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// ward is a store behind breakers of several processes, with a clock that
// stands still unless a call moves it.
type ward struct {
	*memory
	mu     sync.Mutex // of now
	now    time.Time
	takes  time.Duration // by the clock, each call
	known  map[string]cache.Outage
	saved  int
	answer func(context.Context) error // of a ping
	pinged bool                        // it is sent before the call is given up
	sent   chan struct{}
}

func newWard() *ward {
	return &ward{
		memory: &memory{name: "keyring", data: map[string]string{"k": "x"}},
		now:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		takes:  time.Second,
		known:  map[string]cache.Outage{},
		answer: mute,
		pinged: true,
		sent:   make(chan struct{}, 1),
	}
}

func mute(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }

func alive(context.Context) error { return nil }

// process is a breaker as a new process has it.
func (w *ward) process() *cache.Breaker {
	return &cache.Breaker{
		Store: w, Ping: func(ctx context.Context) error {
			w.sent <- struct{}{}
			return w.answer(ctx)
		},
		Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.now
		},
		Load:     func(name string) cache.Outage { return w.known[name] },
		Save:     func(name string, o cache.Outage) { w.known[name] = o; w.saved++ },
		Patience: time.Nanosecond,
	}
}

// takesTime moves the clock, and waits until a ping was sent and could come
// back.
func (w *ward) takesTime() {
	if w.pinged {
		<-w.sent
		<-time.After(50 * time.Millisecond)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(w.takes)
}

func (w *ward) Get(ctx context.Context, key string) ([]byte, error) {
	w.takesTime()
	return w.memory.Get(ctx, key)
}

func (w *ward) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	w.takesTime()
	return w.memory.Put(ctx, key, data, life)
}

// asks says whether a new process asks the store.
func (w *ward) asks(t *testing.T) bool {
	t.Helper()
	before := len(w.calls)
	_, err := w.process().Get(t.Context(), "k")
	asked := len(w.calls) > before
	if !asked && (!errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, cache.ErrHung)) {
		t.Errorf("Get of a store that is left alone: %v, want ErrUnavailable and ErrHung", err)
	}
	return asked
}

func TestBreakerLeavesAStoreAloneThatHangs(t *testing.T) {
	w := newWard()
	w.fails = failure(cache.ErrTimeout)
	b := w.process()
	if _, err := b.Get(t.Context(), "k"); !errors.Is(err, cache.ErrTimeout) {
		t.Errorf("first call: %v, want ErrTimeout", err)
	}
	for op, err := range map[string]error{
		"Put": b.Put(t.Context(), "k", []byte("x"), life), "Delete": b.Delete(t.Context(), "k"),
	} {
		if !errors.Is(err, cache.ErrUnavailable) || errors.Is(err, cache.ErrTimeout) {
			t.Errorf("%s by the same process: %v, want ErrUnavailable", op, err)
		}
	}
	if w.asks(t) {
		t.Error("the next process asks")
	}
	w.now = w.now.Add(5*time.Minute - 1)
	if w.asks(t) {
		t.Error("a process asks before five minutes are over")
	}
	w.now = w.now.Add(1)
	w.fails = nil
	if !w.asks(t) || w.known["all"].Answered.IsZero() {
		t.Errorf("after five minutes nobody asks, or nobody learns of the answer: %+v", w.known)
	}
}

func TestBreakerDoesNotBlameAStoreThatAnswersPings(t *testing.T) {
	w := newWard()
	w.fails, w.answer = failure(cache.ErrTimeout), alive
	for range 2 {
		if !w.asks(t) {
			t.Error("one call without an answer is enough")
		}
	}
	if w.asks(t) {
		t.Error("two in a row are not")
	}
}

func TestBreakerForgetsWhatWasBeforeAnAnswer(t *testing.T) {
	w := newWard()
	w.answer = alive
	for range 3 {
		w.fails = failure(cache.ErrTimeout)
		if !w.asks(t) {
			t.Fatal("the store is left alone")
		}
		w.fails = failure(cache.ErrLocked) // is an answer
		if !w.asks(t) {
			t.Fatal("the store is left alone")
		}
	}
}

// All that come at once are given up at once: that is one time, not many.
func TestBreakerTakesABurstForOneCall(t *testing.T) {
	w := newWard()
	w.fails, w.answer = failure(cache.ErrTimeout), alive
	start := w.now
	for range 10 {
		w.now = start
		if !w.asks(t) {
			t.Fatal("the store is left alone")
		}
	}
}

// Who was answered while others were not proves that the store does not hang.
func TestBreakerBelievesWhoWasAnswered(t *testing.T) {
	w := newWard()
	start := w.now
	w.takes = 400 * time.Millisecond // which others have to know of
	if !w.asks(t) {
		t.Fatal("the store is left alone")
	}
	w.now, w.takes, w.fails = start, time.Second, failure(cache.ErrTimeout)
	for range 2 {
		if !w.asks(t) {
			t.Error("it is left alone though another call was answered a moment ago")
		}
	}
	w.now = w.now.Add(2 * time.Second)
	if !w.asks(t) || w.asks(t) {
		t.Error("it is asked though nobody has been answered since")
	}
}

// Who was woken late himself does not blame the store.
func TestBreakerBlamesNobodyOnABusyMachine(t *testing.T) {
	w := newWard()
	w.fails, w.takes = failure(cache.ErrTimeout), time.Second
	late := true
	b := w.process()
	now := b.Now
	b.Now = func() time.Time {
		at := now()
		if late {
			at, late = at.Add(-500*time.Millisecond), false // when the call began
		}
		return at
	}
	w.pinged = false
	b.Patience = 10 * time.Millisecond
	ask := b.Store
	b.Store = slowly{ask, 100 * time.Millisecond}
	_, _ = b.Get(t.Context(), "k")
	if !w.asks(t) {
		t.Errorf("blamed: %+v", w.known)
	}
}

// slowly is a store that takes time by the real clock.
type slowly struct {
	cache.Store
	takes time.Duration
}

func (s slowly) Get(ctx context.Context, key string) ([]byte, error) {
	<-time.After(s.takes)
	return s.Store.Get(ctx, key)
}

// Processes write it over each other.
func TestOutageIsAlwaysAsLong(t *testing.T) {
	now := time.Now()
	for _, o := range []cache.Outage{{}, {GivenUp: now, Hung: true}, {Answered: now}, {GivenUp: now, Answered: now.Add(time.Hour)}} {
		text, err := o.MarshalText()
		if err != nil || len(text) != 43 {
			t.Errorf("%+v: %q, %v", o, text, err)
		}
		var back cache.Outage
		if err := back.UnmarshalText(text); err != nil || back.Hung != o.Hung || !back.GivenUp.Equal(o.GivenUp) || !back.Answered.Equal(o.Answered) {
			t.Errorf("%+v came back as %+v, %v", o, back, err)
		}
	}
	if err := new(cache.Outage).UnmarshalText([]byte("half of")); err == nil {
		t.Error("what is no outage is taken for one")
	}
}

func TestBreakerOpensAgainForWhoIsAnswered(t *testing.T) {
	w := newWard()
	slow := w.process()
	w.fails = failure(cache.ErrTimeout)
	w.asks(t)
	w.fails = nil
	if w.asks(t) {
		t.Error("it is asked")
	}
	slow.Insist = true
	if _, err := slow.Get(t.Context(), "k"); err != nil {
		t.Errorf("Get by who insists: %v", err)
	}
	if !w.asks(t) {
		t.Error("it is left alone although it answered")
	}
}

// Who insists does not wait twice either.
func TestBreakerInsistsOnce(t *testing.T) {
	w := newWard()
	b := w.process()
	b.Insist, w.fails = true, failure(cache.ErrTimeout)
	for range 3 {
		_, _ = b.Get(t.Context(), "k")
	}
	if len(w.calls) != 1 {
		t.Errorf("it was asked %d times", len(w.calls))
	}
}

// A ping that was not given as long as the call had before says nothing.
func TestBreakerBlamesNobodyForAShortDeadline(t *testing.T) {
	for _, pinged := range []bool{false, true} {
		w := newWard()
		w.fails, w.pinged, w.takes = failure(cache.ErrTimeout), pinged, 550*time.Millisecond
		b := w.process()
		b.Patience = 400 * time.Millisecond
		_, _ = b.Get(t.Context(), "k")
		if w.saved > 0 {
			t.Errorf("pinged %v: blamed: %+v", pinged, w.known)
		}
	}
}

// What hangs for those who write is not asked to write, and goes on reading.
func TestBreakerTellsReadingFromWriting(t *testing.T) {
	w := newWard()
	w.answer = alive
	put := func() bool {
		before := len(w.calls)
		w.fails = failure(cache.ErrTimeout)
		_ = w.process().Put(t.Context(), "k", []byte("x"), life)
		w.fails = nil
		return len(w.calls) > before
	}
	for range 2 {
		if !put() || !w.asks(t) {
			t.Fatal("left alone too soon")
		}
	}
	if put() {
		t.Error("asked to write for the third time")
	}
	if !w.asks(t) {
		t.Error("not asked to read")
	}
}

// Where nothing can be remembered a process at least knows what it found itself.
func TestBreakerWithoutAMemory(t *testing.T) {
	w := newWard()
	w.answer, w.fails = alive, failure(cache.ErrTimeout)
	b := w.process()
	b.Load, b.Save = func(string) cache.Outage { return cache.Outage{} }, func(string, cache.Outage) {}
	for range 3 {
		_, _ = b.Get(t.Context(), "k")
	}
	if len(w.calls) != 2 {
		t.Errorf("it was asked %d times", len(w.calls))
	}
}

func TestBreakerWritesNothingInEverydayLife(t *testing.T) {
	w := newWard()
	w.pinged, w.answer, w.takes = false, alive, 10*time.Millisecond
	for _, fails := range []error{nil, failure(cache.ErrLocked), failure(cache.ErrUnavailable), cache.ErrMiss} {
		w.fails = fails
		if !w.asks(t) {
			t.Errorf("%v: left alone", fails)
		}
	}
	if w.saved > 0 {
		t.Errorf("wrote %+v", w.known)
	}
}

// A clock that was set back, or another machine's in the same home.
func TestBreakerDoesNotBelieveTheFuture(t *testing.T) {
	w := newWard()
	later := w.now.Add(time.Hour)
	w.known["all"] = cache.Outage{GivenUp: later, Hung: true}
	if !w.asks(t) {
		t.Error("left alone for what has not been yet")
	}
	w.known["all"] = cache.Outage{Answered: later}
	w.fails = failure(cache.ErrTimeout)
	w.asks(t)
	if w.asks(t) {
		t.Error("an answer that has not been yet counts")
	}
}
