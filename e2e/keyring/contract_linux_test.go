// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/cachetest"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

// many is how many processes visit the keyring in days of work. A gnome-keyring
// that is asked too soon dies about once in 4000 visits.
const many = 6000

// open returns the store on a gnome-keyring of its own, one in each test.
func open(t *testing.T) *cache.Keyring {
	t.Helper()
	require.Tool(t, "keyring", env.MissingKeyring())
	e, err := env.New(t.Context(), env.Options{Kubectl: os.Args[0], Plugin: os.Args[0], Keyring: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(busVar, e.BusAddress())
	t.Cleanup(func() {
		// All stores of a process share go-keyring's connection: the next one
		// must not be given this one's.
		if conn, err := dbus.SessionBus(); err == nil {
			<-conn.Context().Done()
		}
	})
	e.CloseAfter(t)
	return patient()
}

func TestGnomeKeyringKeepsTheContract(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cachetest.Store { return open(t) })
}

func TestGnomeKeyringCanBeCleared(t *testing.T) {
	cachetest.RunClear(t, func(t *testing.T) cachetest.Clearer { return open(t) })
}

func TestGnomeKeyringIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		if child {
			return patient()
		}
		return open(t)
	})
}

func TestGnomeKeyringSurvivesManyVisits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	k := open(t)
	data := []byte(strings.Repeat("x", 1500))
	if err := k.Put(t.Context(), "k", data, time.Hour); err != nil {
		t.Fatal(err)
	}
	for i := range many { // each on a connection of its own
		if _, err := k.Get(t.Context(), "k"); err != nil {
			t.Fatalf("visit %d: %v", i, err)
		}
	}
}

// patient waits long: these tests are of what is stored, not of how fast.
func patient() *cache.Keyring {
	return &cache.Keyring{Getenv: os.Getenv, UID: os.Getuid(), ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second}
}
