// SPDX-License-Identifier: Apache-2.0

package cachetest

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// Clearer is a store that knows what is in it.
type Clearer interface {
	Store
	Keys(ctx context.Context) ([]string, error)
	Clear(ctx context.Context) error
}

// RunClear tests the promises of such a store, beside those that Run tests. Each
// call of open returns a store that is empty.
func RunClear(t *testing.T, open func(t *testing.T) Clearer) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Clearer)
	}{
		{"keys are listed as they were put", lists},
		{"nothing is left after a clear", clears},
		{"clearing nothing is no error", clearsNothing},
		{"a cancelled context clears nothing", clearsNoMore},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func lists(t *testing.T, s Clearer) {
	wantKeys(t, s)
	keys := []string{" ", "%s", "a", "a:b", "{TITLE}", "~"}
	for _, key := range keys {
		put(t, s, key, "x")
		put(t, s, key, "y")
	}
	wantKeys(t, s, keys...)
	if err := s.Delete(t.Context(), "a"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	wantKeys(t, s, " ", "%s", "a:b", "{TITLE}", "~")
}

func clears(t *testing.T, s Clearer) {
	put(t, s, "a", "x")
	put(t, s, "b", "x")
	if err := s.Clear(t.Context()); err != nil {
		t.Errorf("Clear: %v", err)
	}
	wantKeys(t, s)
	wantMiss(t, s, "a")
	put(t, s, "a", "again")
	wantData(t, s, "a", "again")
}

func clearsNothing(t *testing.T, s Clearer) {
	if err := s.Clear(t.Context()); err != nil {
		t.Errorf("Clear: %v", err)
	}
}

func clearsNoMore(t *testing.T, s Clearer) {
	put(t, s, "a", "stays")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Keys(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Keys: %v, want context.Canceled", err)
	}
	if err := s.Clear(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Clear: %v, want context.Canceled", err)
	}
	wantData(t, s, "a", "stays")
}

func wantKeys(t *testing.T, s Clearer, want ...string) {
	t.Helper()
	if keys, err := s.Keys(t.Context()); err != nil || !slices.Equal(keys, want) {
		t.Errorf("Keys = %q, %v, want %q", keys, err, want)
	}
}
