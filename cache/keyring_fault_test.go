// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

const (
	deadline = 100 * time.Millisecond
	slack    = 100 * time.Millisecond
)

// operation is one call of a store, with the members of the Secret Service API
// that it comes past.
type operation struct {
	name  string
	call  func(context.Context, *cache.Keyring) error
	steps []string
}

var operations = []operation{
	{
		"Get",
		func(ctx context.Context, k *cache.Keyring) error { _, err := k.Get(ctx, "k"); return err },
		[]string{"AUTH", "Hello", "Get", "SearchItems", "OpenSession", "GetSecret"},
	},
	{
		"Put",
		func(ctx context.Context, k *cache.Keyring) error { return k.Put(ctx, "k", []byte("new"), life) },
		[]string{"AUTH", "Hello", "Get", "SearchItems", "OpenSession", "SetSecret"},
	},
	{
		"Delete",
		func(ctx context.Context, k *cache.Keyring) error { return k.Delete(ctx, "k") },
		[]string{"AUTH", "Hello", "Get", "SearchItems", "Delete"},
	},
}

// firstPut is of an item that is not there: go-keyring makes it.
var firstPut = operation{
	"first Put",
	func(ctx context.Context, k *cache.Keyring) error { return k.Put(ctx, "first", []byte("new"), life) },
	[]string{"AUTH", "Hello", "Get", "SearchItems", "Unlock", "OpenSession", "CreateItem"},
}

// each runs test for each operation on a service of its own that holds "old"
// under "k".
func each(t *testing.T, test func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring)) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server, k := serve(t)
			server.Add("login", "kubectl-magnum", "k", []byte("old"))
			k.ReadTimeout, k.WriteTimeout = deadline, deadline
			test(t, op, server, k)
		})
	}
}

// inTime calls op and fails the test if it takes longer than the deadline and
// the slack. A busy machine is late now and then, a store that waits always:
// so it may try three times.
func inTime(t *testing.T, op operation, k *cache.Keyring) (err error) {
	t.Helper()
	var took time.Duration
	for range 3 {
		start := time.Now()
		err = op.call(t.Context(), k)
		if took = time.Since(start); took <= deadline+slack {
			return err
		}
	}
	t.Errorf("took %v, want at most %v", took, deadline+slack)
	return err
}

// wantQuiet fails the test if the service was asked for anything that can open
// a dialog, or a bus would have had to start it.
func wantQuiet(t *testing.T, s *secretservicetest.Server) {
	t.Helper()
	for _, loud := range []string{"Unlock", "Prompt", "CreateItem", "Delete", "GetSecret"} {
		if slices.Contains(s.Calls(), loud) {
			t.Errorf("%s was called: %v", loud, s.Calls())
		}
	}
	if s.Starts() > 0 {
		t.Errorf("the bus was asked to start the service %d times", s.Starts())
	}
}

func TestLockedIsSaidWithoutAPrompt(t *testing.T) {
	for name, state := range map[string]secretservicetest.State{
		"collection": {Login: true, Locked: true},
		"item":       {Login: true, ItemsLocked: true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
				s.Set(state)
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrLocked) {
					t.Errorf("err = %v, want ErrLocked", err)
				}
				wantQuiet(t, s)
			})
		})
	}
}

// KWallet says nothing of the items in a wallet that is closed.
func TestLockedCollectionWithoutTheItem(t *testing.T) {
	for _, op := range append(slices.Clone(operations), firstPut) {
		t.Run(op.name, func(t *testing.T) {
			s, k := serve(t)
			s.Set(secretservicetest.State{Login: true, Locked: true})
			if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrLocked) {
				t.Errorf("err = %v, want ErrLocked", err)
			}
			wantQuiet(t, s)
		})
	}
}

// KeePassXC opens a dialog for whoever searches a database that is closed.
func TestNothingIsSearchedInWhatIsLocked(t *testing.T) {
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		for _, state := range []secretservicetest.State{{Login: true, Locked: true}, {Default: "db", Locked: true}} {
			s.Set(state)
			if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrLocked) || slices.Contains(s.Calls(), "SearchItems") {
				t.Errorf("err = %v, want ErrLocked; calls %v", err, s.Calls())
			}
		}
	})
}

// KeePassXC before 2.7.6 opens a dialog for whoever replaces an item.
func TestAnItemIsChangedAndNotReplaced(t *testing.T) {
	s, k := serve(t)
	s.Add("login", "kubectl-magnum", "k", []byte("old"))
	if err := k.Put(t.Context(), "k", []byte("new"), life); err != nil || slices.Contains(s.Calls(), "CreateItem") || s.Len() != 1 {
		t.Errorf("Put: %v; calls %v; %d items", err, s.Calls(), s.Len())
	}
	if data, err := k.Get(t.Context(), "k"); err != nil || string(data) != "new" {
		t.Errorf("Get = %q, %v", data, err)
	}
}

// Its word for what is removed while it is being replaced.
func TestUnknownObjectIsAMiss(t *testing.T) {
	s, k := serve(t)
	s.Add("login", "kubectl-magnum", "k", []byte("old"))
	s.Fail("GetSecret", secretservicetest.Fault{Error: "org.freedesktop.DBus.Error.UnknownObject"})
	if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get: %v, want ErrMiss", err)
	}
	s.Fail("SetSecret", secretservicetest.Fault{Error: "org.freedesktop.DBus.Error.UnknownObject"})
	if err := k.Put(t.Context(), "k", []byte("new"), life); err != nil || !slices.Contains(s.Calls(), "CreateItem") {
		t.Errorf("Put: %v; calls %v", err, s.Calls())
	}
}

func TestAbsentServiceIsNotStarted(t *testing.T) {
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		s.Set(secretservicetest.State{Absent: true})
		if err := inTime(t, op, k); !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("err = %v, want ErrUnavailable", err)
		}
		wantQuiet(t, s)
	})
}

func TestNoCollectionHoldsNothingAndTakesNothing(t *testing.T) {
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		s.Set(secretservicetest.State{})
		if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, cache.ErrAbsent) {
			t.Errorf("err = %v, want ErrAbsent", err)
		}
		wantQuiet(t, s)
	})
}

// go-keyring's calls would make the bus start it.
func TestServiceThatIsGoneWhenGoKeyringComes(t *testing.T) {
	server, k := serve(t)
	// Two properties are read to look: the collections, and whether ours is locked.
	server.Fail("Get", secretservicetest.Fault{Skip: 2, Error: "org.freedesktop.DBus.Error.ServiceUnknown"})
	if err := firstPut.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
	wantQuiet(t, server)
}

func TestLockedOrRemovedSinceItWasFound(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	for name, want := range map[string]error{
		"org.freedesktop.Secret.Error.IsLocked":     cache.ErrLocked,
		"org.freedesktop.Secret.Error.NoSuchObject": cache.ErrMiss,
		"org.freedesktop.DBus.Error.NoReply":        cache.ErrUnavailable,
	} {
		server.Fail("GetSecret", secretservicetest.Fault{Error: name})
		if _, err := k.Get(t.Context(), "k"); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

// go-keyring uses one collection. What lies in another one it can't replace,
// so it must not be found there either.
func TestOtherCollectionsAreNotLookedAt(t *testing.T) {
	server, k := serve(t)
	server.Add("other", "kubectl-magnum", "k", []byte("stray"))
	for name, state := range map[string]secretservicetest.State{
		"login":             {Login: true},
		"default":           {Default: "wallet"},
		"login and default": {Login: true, Default: "other"},
	} {
		server.Set(state)
		if data, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%s: Get = %q, %v, want ErrMiss", name, data, err)
		}
	}
	server.Set(secretservicetest.State{Default: "other"})
	if data, err := k.Get(t.Context(), "k"); err != nil || string(data) != "stray" {
		t.Errorf("in the default collection: Get = %q, %v", data, err)
	}
}

func TestWhatWeCannotHaveWrittenIsAMiss(t *testing.T) {
	server, k := serve(t)
	for name, data := range map[string][]byte{"empty": {}, "too big": make([]byte, cache.MaxSize+1)} {
		server.Add("login", "kubectl-magnum", "k", data)
		if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("%s: %v, want ErrMiss", name, err)
		}
	}
}

func TestBadDataIsRefusedBeforeTheBusIsAsked(t *testing.T) {
	server, k := serve(t)
	if err := k.Put(t.Context(), "k", make([]byte, cache.MaxSize+1), life); !errors.Is(err, cache.ErrTooBig) {
		t.Errorf("err = %v, want ErrTooBig", err)
	}
	if calls := server.Calls(); len(calls) > 0 {
		t.Errorf("the bus was asked %v", calls)
	}
}
