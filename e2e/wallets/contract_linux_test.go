// SPDX-License-Identifier: Apache-2.0

// Package wallets_test holds the store to its contract on the Secret Services
// that are not gnome-keyring: KWallet and KeePassXC, each on a bus of its own.
// What one of them does not keep has a test that says so, and fails when that
// changes. It is not for CI, and touches nobody's wallet.
package wallets_test

import (
	"context"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/cachetest"
)

func TestKWalletKeepsTheContract(t *testing.T) {
	open := func(t *testing.T) *cache.Keyring {
		openKWallet(t)
		return patient()
	}
	cachetest.Run(t, func(t *testing.T) cachetest.Store { return open(t) })
	cachetest.RunClear(t, func(t *testing.T) cachetest.Clearer { return open(t) })
}

func TestKeePassXCKeepsTheContract(t *testing.T) {
	display := startDisplay(t)
	open := func(t *testing.T) unexpanded {
		openKeePassXC(t, display, false)
		return unexpanded{insistent()}
	}
	cachetest.Run(t, func(t *testing.T) cachetest.Store { return open(t) })
	cachetest.RunClear(t, func(t *testing.T) cachetest.Clearer { return open(t) })
}

func TestKWalletIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		if !child {
			openKWallet(t)
		}
		return patient()
	})
}

func TestKeePassXCIsSharedByProcesses(t *testing.T) {
	cachetest.RunShared(t, func(t *testing.T, child bool) cachetest.Store {
		if !child {
			openKeePassXC(t, startDisplay(t), false)
		}
		return patient()
	})
}

// patient waits long, for tests of what is stored and not of how fast.
func patient() *cache.Keyring {
	return &cache.Keyring{Getenv: os.Getenv, UID: os.Getuid(), ReadTimeout: within, WriteTimeout: within}
}

// insistent is patient and may ask: KeePassXC deletes through a prompt, even
// where that asks nobody.
func insistent() *cache.Keyring {
	k := patient()
	k.MayAsk = true
	return k
}

// unexpanded spells the placeholders in data another way, since KeePassXC puts
// in their place what they stand for.
type unexpanded struct{ *cache.Keyring }

var (
	placeholder = regexp.MustCompile(`\{([A-Z]+)\}`)
	spelled     = regexp.MustCompile(`<([A-Z]+)>`)
)

func (s unexpanded) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	return s.Keyring.Put(ctx, key, placeholder.ReplaceAll(data, []byte("<$1>")), life)
}

func (s unexpanded) Get(ctx context.Context, key string) ([]byte, error) {
	data, err := s.Keyring.Get(ctx, key)
	return spelled.ReplaceAll(data, []byte("{$1}")), err
}
