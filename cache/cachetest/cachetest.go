// SPDX-License-Identifier: Apache-2.0

// Package cachetest is what every store promises, as tests. It does not test
// what a store does when it is broken; that differs from one to the next.
//
// There is no API stability promise.
package cachetest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// life is long enough for any test.
const life = time.Minute

// Store is what is tested.
type Store interface {
	Name() string
	Get(ctx context.Context, key string) ([]byte, error)
	Put(ctx context.Context, key string, data []byte, life time.Duration) error
	Delete(ctx context.Context, key string) error
}

// Run tests the promises that a store keeps within one process. Each call of
// open returns a store that is empty.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"an empty store misses", misses},
		{"what was put comes back", roundTrip},
		{"a second put replaces the first", overwrite},
		{"what was deleted is a miss", remove},
		{"deleting nothing is no error", removeNothing},
		{"odd keys are kept apart", oddKeys},
		{"impossible keys are refused", impossibleKeys},
		{"2400 bytes fit", fits},
		{"2401 bytes are too big and change nothing", tooBig},
		{"what is not ASCII text is refused and changes nothing", notText},
		{"a cancelled context is an error", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func misses(t *testing.T, s Store) {
	if s.Name() == "" {
		t.Error("the store has no name")
	}
	wantMiss(t, s, "k")
}

func roundTrip(t *testing.T, s Store) {
	// Braces are what KeePassXC expands, newlines what line based tools cut.
	for _, data := range []string{"x", `{"v":1,"key":"AA_-"}`, "{TITLE} {USERNAME}", "two\nlines\n", " a\tb ", "'\"$`\\"} {
		put(t, s, "k", data)
		wantData(t, s, "k", data)
	}
}

func overwrite(t *testing.T, s Store) {
	put(t, s, "k", strings.Repeat("long", 100))
	put(t, s, "k", "short")
	wantData(t, s, "k", "short")
}

func remove(t *testing.T, s Store) {
	put(t, s, "k", "gone")
	put(t, s, "other", "stays")
	if err := s.Delete(t.Context(), "k"); err != nil {
		t.Fatalf("Delete: %v", err)
	}
	wantMiss(t, s, "k")
	wantData(t, s, "other", "stays")
}

func removeNothing(t *testing.T, s Store) {
	if err := s.Delete(t.Context(), "never put"); err != nil {
		t.Errorf("Delete: %v", err)
	}
}

func oddKeys(t *testing.T, s Store) {
	keys := []string{
		"../x", "a b", "-s", "'", `"`, "\\", "$HOME", "`id`", "%s", "{TITLE}", "a:b", "~", " ",
		strings.Repeat("'", 128),
	}
	for _, key := range keys {
		put(t, s, key, "data of "+key)
	}
	for _, key := range keys {
		wantData(t, s, key, "data of "+key)
	}
}

func impossibleKeys(t *testing.T, s Store) {
	for _, key := range []string{"", strings.Repeat("k", 129), "a\nb", "a\x00b", "a\x7f", "Schlüssel", "\xff"} {
		if _, err := s.Get(t.Context(), key); err == nil || errors.Is(err, cache.ErrMiss) {
			t.Errorf("Get(%q): %v, want a refusal", key, err)
		}
		if err := s.Put(t.Context(), key, []byte("x"), life); err == nil {
			t.Errorf("Put(%q) was taken", key)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("Delete(%q) was taken", key)
		}
	}
}

func fits(t *testing.T, s Store) {
	data := strings.Repeat("x", cache.MaxSize)
	put(t, s, "k", data)
	wantData(t, s, "k", data)
}

func tooBig(t *testing.T, s Store) {
	put(t, s, "k", "before")
	err := s.Put(t.Context(), "k", bytes.Repeat([]byte("x"), cache.MaxSize+1), life)
	if !errors.Is(err, cache.ErrTooBig) {
		t.Errorf("Put of %d bytes: %v, want ErrTooBig", cache.MaxSize+1, err)
	}
	wantData(t, s, "k", "before")
}

func notText(t *testing.T, s Store) {
	put(t, s, "k", "before")
	for _, data := range []string{"", "\x00", "a\rb", "\x1b[m", "\x7f", "\x80", "ü", "\xff\xfe"} {
		err := s.Put(t.Context(), "k", []byte(data), life)
		if err == nil || errors.Is(err, cache.ErrTooBig) {
			t.Errorf("Put of %q: %v, want a refusal", data, err)
		}
	}
	wantData(t, s, "k", "before")
}

func cancelled(t *testing.T, s Store) {
	put(t, s, "k", "before")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v, want context.Canceled", err)
	}
	if err := s.Put(ctx, "k", []byte("after"), life); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v, want context.Canceled", err)
	}
	if err := s.Delete(ctx, "k"); !errors.Is(err, context.Canceled) {
		t.Errorf("Delete: %v, want context.Canceled", err)
	}
	wantData(t, s, "k", "before")
}

func put(t *testing.T, s Store, key, data string) {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(data), life); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
}

func wantData(t *testing.T, s Store, key, want string) {
	t.Helper()
	if got, err := s.Get(t.Context(), key); err != nil || string(got) != want {
		t.Errorf("Get(%q) = %q, %v, want %q", key, got, err, want)
	}
}

func wantMiss(t *testing.T, s Store, key string) {
	t.Helper()
	if got, err := s.Get(t.Context(), key); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get(%q) = %q, %v, want ErrMiss", key, got, err)
	}
}
