// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/cachetest"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

// headless is the store of a machine without a session bus.
func headless(t *testing.T) *cache.Auto {
	t.Helper()
	t.Setenv(busVar, "disabled:")
	return &cache.Auto{Keyring: &cache.Keyring{Getenv: os.Getenv, UID: nobody}, Kernel: newKernel(t)}
}

func TestAutoKeepsTheContract(t *testing.T) {
	for name, state := range map[string]secretservicetest.State{
		"with a keyring":         {Login: true},
		"with an absent service": {Absent: true},
	} {
		t.Run(name, func(t *testing.T) {
			cachetest.Run(t, func(t *testing.T) cachetest.Store {
				server, keyring := serve(t)
				server.Set(state)
				return &cache.Auto{Keyring: keyring, Kernel: newKernel(t)}
			})
		})
	}
	t.Run("without a bus", func(t *testing.T) {
		cachetest.Run(t, func(t *testing.T) cachetest.Store { return headless(t) })
	})
}

func TestAutoWithoutABusIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		a := headless(t)
		if !child {
			t.Setenv(serviceVar, a.Kernel.(*cache.Kernel).Service)
		}
		return a
	})
}

// A keyring that hangs is paid for once in a call, and what it did not take is
// in the kernel.
func TestAutoBesideAKeyringThatHangs(t *testing.T) {
	server, keyring := serve(t)
	server.Fail("Hello", secretservicetest.Fault{Hang: true})
	keyring.ReadTimeout, keyring.WriteTimeout = deadline, deadline
	a := &cache.Auto{Keyring: keyring, Kernel: newKernel(t)}
	put := operation{name: "Put", call: func(ctx context.Context, _ *cache.Keyring) error { return a.Put(ctx, "k", []byte("x"), life) }}
	if err := inTime(t, put, nil); err != nil {
		t.Errorf("Put: %v", err)
	}
	get := operation{name: "Get", call: func(ctx context.Context, _ *cache.Keyring) error { _, err := a.Get(ctx, "k"); return err }}
	if err := inTime(t, get, nil); err != nil || a.Name() != "kernel keyring" {
		t.Errorf("Get: %v, from %s", err, a.Name())
	}
}

// What was kept in the kernel while the keyring was locked is overtaken by what
// the keyring takes later.
func TestAutoWhenTheKeyringIsUnlocked(t *testing.T) {
	server, keyring := serve(t)
	kernel := newKernel(t)
	a := &cache.Auto{Keyring: keyring, Kernel: kernel}
	server.Set(secretservicetest.State{Login: true, Locked: true})
	if err := a.Put(t.Context(), "k", []byte("1"), life); err != nil || a.Name() != kernel.Name() {
		t.Fatalf("Put into a locked keyring: %v, %s", err, a.Name())
	}
	server.Set(secretservicetest.State{Login: true})
	if data, err := a.Get(t.Context(), "k"); err != nil || string(data) != "1" {
		t.Errorf("Get = %q, %v, want what is in the kernel", data, err)
	}
	if err := a.Put(t.Context(), "k", []byte("2"), life); err != nil || a.Name() != keyring.Name() {
		t.Errorf("Put into an unlocked keyring: %v, %s", err, a.Name())
	}
	if data, err := kernel.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("left in the kernel: %q, %v", data, err)
	}
	if data, err := a.Get(t.Context(), "k"); err != nil || string(data) != "2" {
		t.Errorf("Get = %q, %v, want what was put last", data, err)
	}
}
