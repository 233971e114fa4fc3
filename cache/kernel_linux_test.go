// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/cachetest"
)

func TestKernelKeepsTheContract(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cachetest.Store { return newKernel(t) })
}

func TestKernelCanBeCleared(t *testing.T) {
	cachetest.RunClear(t, func(t *testing.T) cachetest.Clearer { return newKernel(t) })
}

func TestKernelListsWhatIsOursAlone(t *testing.T) {
	k := newKernel(t)
	put(t, k, "b", "x")
	put(t, k, "a", "x")
	putFor(t, k, "revoked", "x", life)
	onThread(t, nil, func() {
		ring := ring(t)
		if _, err := unix.KeyctlInt(unix.KEYCTL_REVOKE, keyOf(t, k, "revoked"), 0, 0, 0); err != nil {
			t.Errorf("revoke: %v", err)
		}
		for _, name := range []string{k.Service, k.Service + "-more:a", k.Service + ":not\na key of ours"} {
			if _, err := unix.AddKey("user", name, []byte("x"), ring); err != nil {
				t.Errorf("add %q: %v", name, err)
			}
		}
	})
	keys, err := k.Keys(t.Context())
	if err != nil || !slices.Equal(keys, []string{"a", "b"}) {
		t.Errorf("Keys = %q, %v", keys, err)
	}
	for i := range 1100 { // more than fit into the first buffer
		put(t, k, fmt.Sprintf("many-%d", i), "x")
	}
	if keys, err := k.Keys(t.Context()); err != nil || len(keys) != 1102 {
		t.Errorf("Keys = %d of 1102, %v", len(keys), err)
	}
}

func TestKernelIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		k := newKernel(t)
		if !child {
			t.Setenv(serviceVar, k.Service)
		}
		return k
	})
}

// A hit in a fresh process is what a cache is for; and the sessions of services,
// of sudo and of what survived a login have no link to the user's keyring.
func TestKernelOutlivesTheProcessInAnySession(t *testing.T) {
	for name, session := range map[string]func() error{"inherited": nil, "private": privateSession, "revoked": revokedSession} {
		t.Run(name, func(t *testing.T) {
			k := newKernel(t)
			if inChild() {
				wantData(t, k, "k", "of the parent")
				put(t, k, "child", "of the child")
				if err := k.Delete(t.Context(), "gone"); err != nil {
					t.Errorf("Delete: %v", err)
				}
				return
			}
			put(t, k, "k", "of the parent")
			put(t, k, "gone", "of the parent")
			again(t, k, session, nil)
			wantData(t, k, "child", "of the child")
			if data, err := k.Get(t.Context(), "gone"); !errors.Is(err, cache.ErrMiss) {
				t.Errorf("Get of what the child deleted = %q, %v, want ErrMiss", data, err)
			}
		})
	}
}

// Possession is a matter of the thread, and goroutines change theirs.
func TestKernelOnManyThreads(t *testing.T) {
	k := newKernel(t)
	if !inChild() {
		again(t, k, privateSession, nil, "GOMAXPROCS=8")
		return
	}
	if got := runtime.GOMAXPROCS(0); got != 8 {
		t.Fatalf("GOMAXPROCS is %d", got)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			key := fmt.Sprintf("k%d", i)
			for range 300 {
				if err := k.Put(t.Context(), key, []byte(key), life); err != nil {
					t.Errorf("Put: %v", err)
					return
				}
				runtime.Gosched()
				if data, err := k.Get(t.Context(), key); err != nil || string(data) != key {
					t.Errorf("Get = %q, %v", data, err)
					return
				}
			}
			if err := k.Delete(t.Context(), key); err != nil {
				t.Errorf("Delete: %v", err)
			}
		})
	}
	wg.Wait()
}

func TestKernelForgetsByItself(t *testing.T) {
	k := newKernel(t)
	short := time.Nanosecond // a second is the least that the kernel counts
	putFor(t, k, "updated", "1", short)
	putFor(t, k, "updated", "2", short) // which takes the timeout of the first away
	wantData(t, k, "updated", "2")
	var err error
	for range 500 {
		if _, err = k.Get(t.Context(), "updated"); err != nil {
			break
		}
		wait(t)
	}
	if !errors.Is(err, cache.ErrMiss) {
		t.Fatalf("Get: %v, want ErrMiss in the end", err)
	}
	if err := k.Delete(t.Context(), "updated"); err != nil {
		t.Errorf("Delete of what is over: %v", err)
	}
	put(t, k, "updated", "3")
	wantData(t, k, "updated", "3")
}

func TestKernelRefusesWhatIsOver(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "before")
	for _, over := range []time.Duration{0, -time.Hour} {
		if err := k.Put(t.Context(), "k", []byte("after"), over); err == nil {
			t.Errorf("Put for %v is accepted", over)
		}
	}
	wantData(t, k, "k", "before")
}

func wait(t *testing.T) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal(context.Cause(t.Context()))
	case <-time.After(20 * time.Millisecond):
	}
}

// 0 would be for ever, and so would be what does not fit into 32 bits.
func TestKernelKeepsNothingForEver(t *testing.T) {
	for life, want := range map[time.Duration]string{13 * time.Hour: "13h", 2*time.Hour + 1: "2h", math.MaxInt64: "3550w"} {
		k := newKernel(t)
		putFor(t, k, "k", "x", life)
		onThread(t, nil, func() {
			ends, ok := timeout(t, keyOf(t, k, "k"))
			if !ok {
				t.Log("/proc/keys does not show it")
				return
			}
			// The kernel rounds down, and may be asked after the full second.
			if less := map[string]string{"13h": "12h"}[want]; ends != want && ends != less {
				t.Errorf("with a life of %v it ends in %s, want %s", life, ends, want)
			}
		})
	}
}

// timeout returns when a key ends as /proc/keys shows it, which containers hide.
func timeout(t *testing.T, id int) (string, bool) {
	t.Helper()
	keys, _ := os.ReadFile("/proc/keys")
	for line := range strings.Lines(string(keys)) {
		if fields := strings.Fields(line); len(fields) > 3 && fields[0] == fmt.Sprintf("%08x", uint32(id)) {
			return fields[3], true
		}
	}
	return "", false
}

func TestKernelShowsItsKeysToNobodyElse(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "x")
	onThread(t, nil, func() {
		text, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, keyOf(t, k, "k"))
		want := fmt.Sprintf("user;%d;%d;3f010000;%s:k", os.Getuid(), os.Getgid(), k.Service)
		if text != want || err != nil {
			t.Errorf("the key is %q, %v, want %q", text, err, want)
		}
	})
}

func TestKernelRefusesWhatIsNotOurs(t *testing.T) {
	k := newKernel(t)
	onThread(t, nil, func() {
		if _, err := unix.AddKey("user", k.Service+":k", make([]byte, cache.MaxSize+1), ring(t)); err != nil {
			t.Errorf("add a key: %v", err)
		}
	})
	if data, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get = %d bytes, %v, want ErrMiss", len(data), err)
	}
}

func TestKernelKeyThatSomebodyRevoked(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "before")
	onThread(t, nil, func() {
		if _, err := unix.KeyctlInt(unix.KEYCTL_REVOKE, keyOf(t, k, "k"), 0, 0, 0); err != nil {
			t.Errorf("revoke: %v", err)
		}
	})
	if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get: %v, want ErrMiss", err)
	}
	if err := k.Delete(t.Context(), "k"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	put(t, k, "k", "after")
	wantData(t, k, "k", "after")
}

func TestKernelDeletesFromTheKeyringToo(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "x")
	var id int
	onThread(t, nil, func() { id = keyOf(t, k, "k") })
	if err := k.Delete(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	onThread(t, nil, func() {
		if _, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, id, ring(t), 0, 0); err == nil {
			t.Error("the revoked key was still linked")
		}
	})
}

func put(t *testing.T, k *cache.Kernel, key, data string) {
	t.Helper()
	putFor(t, k, key, data, life)
}

func putFor(t *testing.T, k *cache.Kernel, key, data string, life time.Duration) {
	t.Helper()
	if err := k.Put(t.Context(), key, []byte(data), life); err != nil {
		t.Errorf("Put(%q): %v", key, err)
	}
}

func wantData(t *testing.T, k *cache.Kernel, key, want string) {
	t.Helper()
	if data, err := k.Get(t.Context(), key); err != nil || string(data) != want {
		t.Errorf("Get(%q) = %q, %v, want %q", key, data, err, want)
	}
}
