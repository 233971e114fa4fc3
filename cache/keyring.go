// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"runtime"
	"time"
)

// keyringService is what every item of ours is filed under, with the key as
// the user name. It is the same in all versions: logout finds items by it.
const keyringService = "kubectl-magnum"

// Keyring is the keyring of the operating system: macOS' Keychain, Windows'
// Credential Manager, elsewhere the Secret Service on the D-Bus session bus.
// The zero value works except where the session bus is named by the
// environment. It is safe for concurrent use by goroutines and processes.
//
// Keys are 1 to 128 printable ASCII characters, and those that differ only in
// case are one key on Windows. Data is 1 to MaxSize bytes of ASCII text.
type Keyring struct {
	// ReadTimeout is the longest a Get takes. Zero means 1 s, on macOS 3 s:
	// there each call is a process.
	ReadTimeout time.Duration
	// WriteTimeout is the longest a Put or Delete takes. Zero means 3 s. A
	// Secret Service that hangs is given up after ReadTimeout here too.
	WriteTimeout time.Duration
	// Getenv reads the environment: DBUS_SESSION_BUS_ADDRESS. Nil means that
	// it is empty.
	Getenv func(string) string
	// UID is the user whose session bus is looked for in /run/user/UID where
	// the environment does not name one.
	UID int
	// MayAsk lets a Delete open the dialog that some keyrings want first. It is
	// for a person who waits.
	MayAsk bool
}

// Name returns "keyring".
func (k *Keyring) Name() string { return "keyring" }

// Get returns what Put stored under key, or ErrMiss. It never unlocks, nor looks
// into what is locked, so that it can't prompt. On macOS a locked keychain in a
// desktop session makes the system ask all the same; then Get ends with
// ErrTimeout.
func (k *Keyring) Get(ctx context.Context, key string) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	data, err := within(ctx, k.readTimeout(), func(ctx context.Context) ([]byte, error) {
		return k.read(ctx, key)
	})
	if err == nil && (len(data) == 0 || len(data) > MaxSize) {
		return nil, ErrMiss // not ours: Put would have refused it
	}
	return data, err
}

// Put stores data under key, in place of what was there, until it is deleted:
// no such keyring has an end for what it keeps. After ErrTimeout it may or may
// not be stored.
func (k *Keyring) Put(ctx context.Context, key string, data []byte, _ time.Duration) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := checkData(data); err != nil {
		return err
	}
	_, err := within(ctx, k.writeTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, k.write(ctx, key, data)
	})
	return err
}

// Delete removes what is stored under key, wherever in the keyring it is.
// Deleting nothing is no error, unless a part of the keyring is locked.
func (k *Keyring) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	_, err := within(ctx, k.writeTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, k.erase(ctx, key)
	})
	return err
}

// Keys returns the keys of all that is stored, sorted. With ErrLocked they are
// only those that can be seen. It is errors.ErrUnsupported on macOS and Windows,
// where go-keyring cannot list. It takes ReadTimeout at most.
func (k *Keyring) Keys(ctx context.Context) ([]string, error) {
	return within(ctx, k.readTimeout(), k.list)
}

// Clear removes all that is stored, under any key. It takes WriteTimeout at
// most; what is locked stays, and is ErrLocked.
func (k *Keyring) Clear(ctx context.Context) error {
	_, err := within(ctx, k.writeTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, k.empty(ctx)
	})
	return err
}

// Ping asks the keyring for a sign of life, for ReadTimeout at most. It starts
// nothing. On macOS and Windows, which have no such thing, it is
// errors.ErrUnsupported.
func (k *Keyring) Ping(ctx context.Context) error {
	_, err := within(ctx, k.readTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, k.ping(ctx)
	})
	return err
}

func (k *Keyring) readTimeout() time.Duration {
	switch {
	case k.ReadTimeout > 0:
		return k.ReadTimeout
	case runtime.GOOS == "darwin":
		return 3 * time.Second
	default:
		return time.Second
	}
}

func (k *Keyring) writeTimeout() time.Duration {
	if k.WriteTimeout > 0 {
		return k.WriteTimeout
	}
	return 3 * time.Second
}
