// SPDX-License-Identifier: Apache-2.0

// Package cache keeps opaque bytes under opaque keys between runs of the
// program: in the keyring of the operating system, in the Linux kernel's, or
// nowhere.
//
// It refuses to look inside what it keeps, to write a plain file, to start a
// daemon, to prompt, and to wait beyond a deadline: a store that can't answer
// at once is an error that the caller can do without. Whether what comes back
// may still be used is not decided here.
//
// There is no API stability promise.
package cache

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Store is what all stores of this package are.
type Store interface {
	Name() string
	Get(ctx context.Context, key string) ([]byte, error)
	// Put keeps data for life, which is positive, or longer: only the kernel
	// forgets by itself.
	Put(ctx context.Context, key string, data []byte, life time.Duration) error
	Delete(ctx context.Context, key string) error
}

// What a store answers when it has nothing to give. They are matched with
// [errors.Is]; all but ErrMiss come wrapped with their cause.
var (
	// ErrMiss: the store works and holds nothing under this key.
	ErrMiss = errors.New("not in the store")
	// ErrLocked: the store is there, but a person would have to unlock it.
	ErrLocked = errors.New("the store is locked")
	// ErrUnavailable: there is no such store on this machine, or it is broken.
	ErrUnavailable = errors.New("the store is not available")
	// ErrAbsent: nothing can be asked of such a store here, whatever it is. It is
	// ErrUnavailable too, and never of a single item.
	ErrAbsent = errors.New("there is no such store here")
	// ErrAsks: the store wants to ask a person before it does this. It is
	// ErrLocked too.
	ErrAsks = errors.New("the store wants to ask first")
	// ErrTimeout: the store took longer than the call may last. What was
	// asked of it may still happen.
	ErrTimeout error = timeoutError{}
	// ErrHung: the store is left alone, as it hung a moment ago. It is
	// ErrUnavailable too.
	ErrHung = errors.New("the store hung a moment ago")
	// ErrTooBig: the data is larger than MaxSize. Nothing was stored.
	ErrTooBig = errors.New("too big for the store")
	// ErrFull: the kernel lets the user keep no more. It is ErrUnavailable too.
	ErrFull = errors.New("the kernel keyring is full")
)

// timeoutError is known as one by whoever does not know this package, as those
// of package net are.
type timeoutError struct{}

func (timeoutError) Error() string { return "the store did not answer" }
func (timeoutError) Timeout() bool { return true }

// MaxSize is the most bytes that a store takes under one key. Windows'
// Credential Manager ends at 2560 (CRED_MAX_CREDENTIAL_BLOB_SIZE), macOS'
// security tool at a command line of 4096 with the data in base64.
const MaxSize = 2400

// maxKey keeps the command line of macOS' security tool below its limit even
// where every byte of the key needs quoting.
const maxKey = 128

var (
	errKey  = errors.New("the key is not 1 to 128 printable ASCII characters")
	errData = errors.New("the data is empty or not plain ASCII text")
)

// checkKey refuses keys that don't survive every keyring: macOS' security tool
// reads commands line by line, so a newline in a key would start another one.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return errKey
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return errKey
		}
	}
	return nil
}

// checkData refuses what some keyring would cut or change without saying so:
// KWallet and KeePassXC alter bytes outside ASCII.
func checkData(data []byte) error {
	if len(data) > MaxSize {
		return fmt.Errorf("%w: %d bytes, at most %d fit", ErrTooBig, len(data), MaxSize)
	}
	if len(data) == 0 {
		return errData
	}
	for _, b := range data {
		if (b < ' ' || b > '~') && b != '\n' && b != '\t' {
			return errData
		}
	}
	return nil
}

func absent(err error) error { return fmt.Errorf("%w: %w: %w", ErrUnavailable, ErrAbsent, err) }
