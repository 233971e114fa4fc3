// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"errors"
	"time"
)

var errLife = errors.New("the data's life is over")

// Kernel is the keyring of the Linux kernel, which is in memory, needs no
// daemon and never asks anybody anything. Elsewhere it is ErrUnavailable. The
// zero value is ready to use, by goroutines and processes at once.
//
// It belongs to a uid: all processes of the user can read it, those in
// containers too if they share the uid and the user namespace. It outlives
// sessions, and ends with the machine. Its quota is small (20000 bytes for all
// that is the user's) and ErrFull is ErrUnavailable too.
//
// Keys and data are those of [Keyring].
type Kernel struct {
	// Service and a colon are what the names of its keys begin with. Empty means
	// kubectl-magnum.
	Service string
}

// Name returns "kernel keyring".
func (k *Kernel) Name() string { return "kernel keyring" }

// Get returns what Put stored under key, or ErrMiss, also when its life is
// over.
func (k *Kernel) Get(ctx context.Context, key string) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	data, err := k.read(key)
	if err == nil && (len(data) == 0 || len(data) > MaxSize) {
		return nil, ErrMiss // not ours: Put would have refused it
	}
	return data, err
}

// Put stores data under key, in place of what was there. The kernel forgets it
// when life is over, rounded up to seconds; there is no way to keep a key for
// ever. If it fails, what was there stays, unless the kernel would not set an
// end: then nothing does.
func (k *Kernel) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if err := checkData(data); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	if life <= 0 {
		return errLife
	}
	return k.write(key, data, life)
}

// Delete removes what is stored under key, from the kernel's memory too.
// Deleting nothing is no error.
func (k *Kernel) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return k.erase(key)
}

// Keys returns the keys of all that is stored, sorted, without what is over.
func (k *Kernel) Keys(ctx context.Context) ([]string, error) {
	if ctx.Err() != nil {
		return nil, stopped(ctx)
	}
	return k.list()
}

// Clear removes all that is stored, under any key.
func (k *Kernel) Clear(ctx context.Context) error {
	keys, err := k.Keys(ctx)
	for _, key := range keys {
		err = errors.Join(err, k.Delete(ctx, key))
	}
	return err
}
