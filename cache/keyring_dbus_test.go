// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"os"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/cachetest"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

const busVar = "DBUS_SESSION_BUS_ADDRESS"

// nobody has no runtime directory, so that no test finds the bus of whoever
// runs it.
const nobody = 1<<31 - 2

// serve starts a session bus, one in each test, and puts it into the environment. When the test
// ends it waits until the connection that all of godbus shares, and go-keyring
// uses, has noticed, or the next test would be given it.
func serve(t *testing.T) (*secretservicetest.Server, *cache.Keyring) {
	t.Helper()
	server := secretservicetest.NewServer(t)
	t.Setenv(busVar, server.Address)
	t.Cleanup(func() {
		server.Close()
		if conn, err := dbus.SessionBus(); err == nil {
			<-conn.Context().Done()
		}
	})
	return server, patient()
}

func patient() *cache.Keyring {
	return &cache.Keyring{Getenv: os.Getenv, UID: nobody, ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second}
}

func TestKeyringKeepsTheContract(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cachetest.Store {
		_, k := serve(t)
		return k
	})
}

func TestKeyringInADefaultCollectionKeepsTheContract(t *testing.T) {
	cachetest.Run(t, func(t *testing.T) cachetest.Store {
		server, k := serve(t)
		server.Set(secretservicetest.State{Default: "kdewallet"})
		return k
	})
}

func TestKeyringCanBeCleared(t *testing.T) {
	cachetest.RunClear(t, func(t *testing.T) cachetest.Clearer {
		_, k := serve(t)
		return k
	})
}

func TestKeyringIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		if child {
			return patient()
		}
		_, k := serve(t)
		return k
	})
}
