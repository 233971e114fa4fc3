// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

// An item may have been put while another collection was the default.
func TestDeleteFindsTheItemInAnyCollection(t *testing.T) {
	server, k := serve(t)
	for _, collection := range []string{"login", "other"} {
		server.Add(collection, "kubectl-magnum", "k", []byte("x"))
	}
	server.Add("other", "somebody else", "k", []byte("x"))
	if err := k.Delete(t.Context(), "k"); err != nil || server.Len() != 1 {
		t.Errorf("Delete: %v; %d items are left, want 1", err, server.Len())
	}
}

func TestKeysAndClearAreOfOursAlone(t *testing.T) {
	server, k := serve(t)
	server.Set(secretservicetest.State{Login: true, Default: "other"})
	for _, key := range []string{"b", "a", "not\na key of ours"} {
		server.Add("login", "kubectl-magnum", key, []byte("x"))
	}
	server.Add("other", "kubectl-magnum", "a", []byte("x"))
	server.Add("login", "somebody else", "c", []byte("x"))
	keys, err := k.Keys(t.Context())
	if diff := cmp.Diff([]string{"a", "b"}, keys); err != nil || diff != "" {
		t.Errorf("Keys: %v, (-want +got):\n%s", err, diff)
	}
	if err := k.Clear(t.Context()); err != nil {
		t.Errorf("Clear: %v", err)
	}
	if keys, err := k.Keys(t.Context()); err != nil || len(keys) > 0 {
		t.Errorf("Keys after Clear = %q, %v", keys, err)
	}
	if server.Len() != 2 {
		t.Errorf("%d items are left, want what is not ours", server.Len())
	}
}

func TestClearOfWhatIsLockedSaysSo(t *testing.T) {
	for name, state := range map[string]secretservicetest.State{
		"collection": {Login: true, Locked: true},
		"item":       {Login: true, ItemsLocked: true},
		"prompt":     {Login: true, PromptToDelete: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, k := serve(t)
			server.Add("login", "kubectl-magnum", "k", []byte("x"))
			server.Set(state)
			if err := k.Clear(t.Context()); !errors.Is(err, cache.ErrLocked) || server.Len() != 1 {
				t.Errorf("Clear: %v, want ErrLocked; %d items are left", err, server.Len())
			}
			if slices.Contains(server.Calls(), "Unlock") || slices.Contains(server.Calls(), "Prompt") {
				t.Errorf("asked for %v", server.Calls())
			}
		})
	}
}

func TestKeysClearAndPingEndAtTheDeadline(t *testing.T) {
	for _, op := range []operation{
		{"Keys", func(ctx context.Context, k *cache.Keyring) error { _, err := k.Keys(ctx); return err }, []string{"AUTH", "Get", "SearchItems"}},
		{"Clear", func(ctx context.Context, k *cache.Keyring) error { return k.Clear(ctx) }, []string{"AUTH", "Get", "SearchItems", "Delete"}},
		{"Ping", func(ctx context.Context, k *cache.Keyring) error { return k.Ping(ctx) }, []string{"AUTH", "Hello", "Ping"}},
	} {
		for _, step := range op.steps {
			t.Run(op.name+" at "+step, func(t *testing.T) {
				server, k := serve(t)
				server.Add("login", "kubectl-magnum", "k", []byte("x"))
				if err := op.call(t.Context(), k); err != nil {
					t.Fatalf("before the fault: %v", err)
				}
				server.Add("login", "kubectl-magnum", "k", []byte("x"))
				server.Fail(step, secretservicetest.Fault{Hang: true})
				k.ReadTimeout, k.WriteTimeout = deadline, deadline
				if err := inTime(t, op, k); !errors.Is(err, cache.ErrTimeout) {
					t.Errorf("err = %v, want ErrTimeout", err)
				}
			})
		}
	}
}

func TestPingOfAnAbsentServiceStartsNone(t *testing.T) {
	server, k := serve(t)
	server.Set(secretservicetest.State{Absent: true})
	if err := k.Ping(t.Context()); !errors.Is(err, cache.ErrUnavailable) || server.Starts() > 0 {
		t.Errorf("Ping: %v, want ErrUnavailable; %d starts", err, server.Starts())
	}
}
