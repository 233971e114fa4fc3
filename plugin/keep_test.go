// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// A store that forgets by itself is told when, by whoever stores: config,
// kubectl, and a rotation that knows the max age of each context.
func TestARecordIsKeptForItsMaxAgeAndAnHour(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	key := s.identity().Key()
	wantLife := func(want time.Duration) {
		t.Helper()
		known := s.State.Credential(key)
		if s.store.lives[key] != want || !slices.Equal(known.Stores, []string{"memory"}) || known.Until.Sub(s.now()).Round(time.Minute) != want-time.Hour {
			t.Errorf("kept for %v, want %v; known is %+v", s.store.lives[key], want, known)
		}
	}
	wantLife(2 * time.Hour)
	s.forget()
	s.change = func(r *plugin.CredentialRequest) { r.MaxAge = 3 * time.Hour }
	s.good()
	wantLife(4 * time.Hour)
	s.forget()
	delete(s.store.lives, key)
	if _, err := s.Rotate(t.Context(), plugin.RotateRequest{
		Cluster: "prod", Confirm: func(plugin.RotatePlan) error { return nil }, Say: func(string) {},
	}); err != nil {
		t.Fatal(err)
	}
	wantLife(4 * time.Hour)
}

// told counts how often somebody is told that the key is not kept.
func told(s *site) *atomic.Int32 {
	var n atomic.Int32
	s.change = func(r *plugin.CredentialRequest) {
		r.NotKept = func(err error) {
			n.Add(1)
			var notKept *plugin.NotKeptError
			if !errors.As(err, &notKept) || notKept.Cluster != "prod" {
				s.t.Errorf("told of %v", err)
			}
		}
	}
	return &n
}

func TestWhyAKeyIsNotKeptIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := told(s)
	for round := range int32(2) {
		s.store.fail(cache.ErrUnavailable)
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() { s.good() })
		}
		group.Wait()
		s.good()
		s.Store = cache.None{}
		s.good() // as somebody wants it who needs no advice
		s.Store = s.store
		s.good()
		if n.Load() != round+1 {
			t.Errorf("told %d times in all, in round %d", n.Load(), round)
		}
		s.store.fail(nil)
		s.forget()
		s.good() // keeps it, and so ends the matter
		s.good()
	}
}

// Where it cannot be remembered that somebody was told, there would be no end
// to it.
func TestNobodyIsToldWithoutState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := told(s)
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.State = state.Dir{}
	s.store.fail(cache.ErrUnavailable)
	s.good()
	if n.Load() != 0 {
		t.Errorf("told %d times", n.Load())
	}
}

func TestWhoHeardItFromConfigIsNotToldAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := told(s)
	s.store.fail(cache.ErrLocked)
	result, err := s.Config(t.Context(), configProd(t))
	if err != nil || !errors.Is(result.Clusters[0].StoreErr, cache.ErrLocked) {
		t.Fatalf("config: %v, %v", err, result.Clusters[0].StoreErr)
	}
	s.good()
	if n.Load() != 0 {
		t.Error("kubectl was told what config had told")
	}
}

// What a later version of this program has kept is neither used, nor replaced
// by a call, by config or by a revocation.
func TestALaterVersionsRecordStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	n := told(s)
	key := s.identity().Key()
	later := []byte(strings.Replace(string(s.store.data[key]), `"v":1`, `"v":2`, 1))
	s.store.data[key] = later
	for range 2 {
		s.good()
	}
	if _, err := s.Config(t.Context(), configProd(t)); err != nil {
		t.Fatal(err)
	}
	s.openWindow()
	s.follow()
	s.cloud.FinishRotation("prod")
	s.pass(2 * lease)
	_ = s.ask()
	if !bytes.Equal(s.store.data[key], later) || n.Load() != 1 {
		t.Errorf("it is %s; told %d times", s.store.data[key], n.Load())
	}
}

// Only the kernel forgets by itself: elsewhere the next record that is kept has
// those erased that have overstayed.
func TestRecordsThatHaveOverstayedAreErased(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := s.identity()
	old.User = "old"
	as := func(id credential.Identity) { s.change = func(r *plugin.CredentialRequest) { r.Identity = id } }
	ask := func() { // for alice, anew
		s.store.mu.Lock()
		delete(s.store.data, s.identity().Key())
		s.store.mu.Unlock()
		as(s.identity())
		s.good()
	}
	as(old)
	s.good()
	s.pass(90 * time.Minute) // past max age, and in the window of a rotation of use
	ask()
	if !s.store.has(old.Key()) {
		t.Fatal("erased too soon")
	}
	s.pass(31 * time.Minute)
	s.store.onDelete = func(string) { s.store.fail(cache.ErrLocked) }
	ask()
	s.store.onDelete = nil
	s.store.fail(nil)
	if !s.store.has(old.Key()) || len(s.State.Credential(old.Key()).Stores) == 0 {
		t.Fatal("what could not be erased is forgotten")
	}
	ask()
	if known := s.State.Credential(old.Key()); s.store.has(old.Key()) || len(known.Stores) > 0 || known.User != "old" {
		t.Errorf("not erased; known is %+v", known)
	}
	if files, _ := filepath.Glob(filepath.Join(s.State.Path, "credentials", "*.json")); len(files) != 2 {
		t.Errorf("%d credentials are known", len(files))
	}
}

// Who cannot log in any more does not keep a key for ever.
func TestARecordThatHasOverstayedIsErasedWithoutANewOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cloud.CloseKeystone()
	s.pass(119 * time.Minute)
	if got := s.ask(); got.err == nil || !s.store.has(s.identity().Key()) {
		t.Errorf("erased too soon, %v", got.err)
	}
	s.pass(2 * time.Minute)
	if got := s.ask(); got.err == nil || s.store.has(s.identity().Key()) {
		t.Errorf("not erased, %v", got.err)
	}
}

// A call that began before somebody logged out stores nothing that stays.
func TestARecordIsNotKeptAfterALogout(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.forget()
	s.store.onPut = func() {
		s.store.onPut = nil
		if _, err := s.logout("prod"); err != nil {
			t.Error(err)
		}
	}
	s.good()
	if s.store.has(s.identity().Key()) {
		t.Error("the record was kept")
	}
}
