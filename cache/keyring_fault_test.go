// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"context"
	"errors"
	"fmt"
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
		func(ctx context.Context, k *cache.Keyring) error { return k.Put(ctx, "k", []byte("new")) },
		[]string{"AUTH", "Hello", "Get", "SearchItems", "Unlock", "OpenSession", "CreateItem"},
	},
	{
		"Delete",
		func(ctx context.Context, k *cache.Keyring) error { return k.Delete(ctx, "k") },
		[]string{"AUTH", "Hello", "Get", "SearchItems", "Unlock", "Delete"},
	},
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
	want := map[string]error{"Get": cache.ErrMiss, "Put": cache.ErrLocked, "Delete": cache.ErrLocked}
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			s, k := serve(t)
			s.Set(secretservicetest.State{Login: true, Locked: true})
			if err := op.call(t.Context(), k); !errors.Is(err, want[op.name]) {
				t.Errorf("err = %v, want %v", err, want[op.name])
			}
			wantQuiet(t, s)
		})
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
	want := map[string]error{"Get": cache.ErrUnavailable, "Put": cache.ErrUnavailable, "Delete": nil}
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		s.Set(secretservicetest.State{})
		if err := op.call(t.Context(), k); !errors.Is(err, want[op.name]) {
			t.Errorf("err = %v, want %v", err, want[op.name])
		}
		wantQuiet(t, s)
	})
}

// go-keyring's calls would make the bus start it.
func TestServiceThatIsGoneWhenGoKeyringComes(t *testing.T) {
	for _, op := range operations[1:] {
		t.Run(op.name, func(t *testing.T) {
			server, k := serve(t)
			server.Add("login", "kubectl-magnum", "k", []byte("old"))
			// Two properties are read to look: the collections, and whether ours is locked.
			server.Fail("Get", secretservicetest.Fault{Skip: 2, Error: "org.freedesktop.DBus.Error.ServiceUnknown"})
			if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("err = %v, want ErrUnavailable", err)
			}
			wantQuiet(t, server)
		})
	}
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

func TestDeadlineEndsTheConnection(t *testing.T) {
	for _, step := range operations[0].steps {
		t.Run(step, func(t *testing.T) {
			server, k := serve(t)
			server.Add("login", "kubectl-magnum", "k", []byte("old"))
			server.Fail(step, secretservicetest.Fault{Hang: true})
			k.ReadTimeout = deadline
			if err := inTime(t, operations[0], k); !errors.Is(err, cache.ErrTimeout) {
				t.Errorf("err = %v, want ErrTimeout", err)
			}
			for late := time.After(10 * time.Second); server.Clients() > 0; {
				select {
				case <-late:
					t.Fatal("still connected")
				case <-time.After(time.Millisecond):
				}
			}
		})
	}
}

// godbus's own connection panics if it is closed there.
func TestHangingInTheMiddleOfAMessage(t *testing.T) {
	for _, step := range []string{"Hello", "Get", "SearchItems"} {
		t.Run(step, func(t *testing.T) {
			server, k := serve(t)
			k.ReadTimeout = deadline
			for _, n := range []int{1, 15, 16, 17, 40, len(namelessSignal) - 1} {
				server.Fail(step, secretservicetest.Fault{Hang: true, Say: namelessSignal[:n]})
				if err := inTime(t, operations[0], k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("after %d bytes: %v, want ErrTimeout", n, err)
				}
			}
		})
	}
}

func TestHungServiceIsGivenUpSoonerThanASlowWrite(t *testing.T) {
	for _, op := range operations {
		for _, step := range []string{"AUTH", "Get", "SearchItems"} {
			t.Run(op.name+" at "+step, func(t *testing.T) {
				server, k := serve(t)
				server.Fail(step, secretservicetest.Fault{Hang: true})
				k.ReadTimeout, k.WriteTimeout = deadline, time.Minute
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			})
		}
	}
}

// go-keyring uses one collection. What lies in another one it can't replace or
// delete, so it must not be found there either.
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

func TestHangingAnywhereEndsAtTheDeadline(t *testing.T) {
	each(t, func(t *testing.T, op operation, _ *secretservicetest.Server, _ *cache.Keyring) {
		for _, step := range op.steps {
			t.Run(step, func(t *testing.T) {
				server, k := serve(t)
				server.Add("login", "kubectl-magnum", "k", []byte("old"))
				server.Fail(step, secretservicetest.Fault{Hang: true})
				k.ReadTimeout, k.WriteTimeout = deadline, deadline
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			})
		}
	})
}

func TestDyingAnywhereIsAnErrorAtOnce(t *testing.T) {
	for name, fault := range map[string]secretservicetest.Fault{
		"closed":  {},
		"garbage": {Say: []byte("l\x02\x00\x01\xff\xff\xff\x07garbage, not D-Bus\r\n\x00\x00\x00\x00")},
	} {
		for _, op := range operations {
			for _, step := range op.steps {
				t.Run(fmt.Sprintf("%s at %s of %s", name, step, op.name), func(t *testing.T) {
					server, k := serve(t)
					server.Add("login", "kubectl-magnum", "k", []byte("old"))
					server.Fail(step, fault)
					if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) {
						t.Errorf("err = %v, want ErrUnavailable", err)
					}
				})
			}
		}
	}
}

// godbus's own connection panics on this signal, where nobody recovers.
func TestSignalWithoutItsNameIsPassedOver(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Fail("SearchItems", secretservicetest.Fault{Answer: true, Say: namelessSignal})
	if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable from the connection's end", err)
	}
}

// A prompt that dies with the bus is a nil pointer dereference in go-keyring
// 0.2.8 (secret_service.go:209).
func TestPromptThatDiesWithTheBusIsAnError(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Set(secretservicetest.State{Login: true, PromptToDelete: true})
	server.Fail("Prompt", secretservicetest.Fault{Answer: true})
	if err := k.Delete(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("err = %v, want ErrUnavailable", err)
	}
}

func TestPromptThatNobodyAnswersEndsAtTheDeadline(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	server.Set(secretservicetest.State{Login: true, PromptToDelete: true})
	k.WriteTimeout = deadline
	if err := inTime(t, operations[2], k); !errors.Is(err, cache.ErrTimeout) {
		t.Errorf("err = %v, want ErrTimeout", err)
	}
}

// See greet: a call that comes sooner can end gnome-keyring.
func TestNothingIsAskedBeforeTheServiceKnowsUs(t *testing.T) {
	each(t, func(t *testing.T, op operation, s *secretservicetest.Server, k *cache.Keyring) {
		s.Fail("Get", secretservicetest.Fault{Hang: true})
		if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
			t.Errorf("err = %v, want ErrTimeout", err)
		}
		s.Close() // what was sent by now has been read
		wantQuiet(t, s)
		if slices.Contains(s.Calls(), "SearchItems") || slices.Contains(s.Calls(), "OpenSession") {
			t.Errorf("too soon: %v", s.Calls())
		}
	})
}

func TestBadDataIsRefusedBeforeTheBusIsAsked(t *testing.T) {
	server, k := serve(t)
	if err := k.Put(t.Context(), "k", make([]byte, cache.MaxSize+1)); !errors.Is(err, cache.ErrTooBig) {
		t.Errorf("err = %v, want ErrTooBig", err)
	}
	if calls := server.Calls(); len(calls) > 0 {
		t.Errorf("the bus was asked %v", calls)
	}
}
