// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// eraseTimeout bounds what is done about the copy that has been overtaken, after
// everything that the caller waits for has been done.
const eraseTimeout = time.Second

// Auto keeps data in the user's keyring if that can be used at once, and in the
// kernel's otherwise. It is safe for concurrent use.
//
// Of two copies the newest wins, and the other one is deleted: where a Put has
// succeeded at once, and what a locked keyring kept when it is found beside the
// kernel's.
type Auto struct {
	Keyring, Kernel Store
	// Newer says whether a was put later than b. Only who put them can read
	// that. Nil means that what is in the keyring wins.
	Newer func(a, b []byte) bool
	// Container says that the kernel keyring is not ours alone, so that it is
	// not used. It is asked at most once, and not as long as the keyring has what
	// is looked for. Nil means no.
	Container func() bool

	once     sync.Once
	fallback Store // nil: there is none
	inKernel atomic.Bool
}

// Name is that of the store that data was last put into or found in; before
// that, of the keyring.
func (a *Auto) Name() string {
	if a.inKernel.Load() {
		return a.Kernel.Name()
	}
	return a.Keyring.Name()
}

// Get returns what the keyring holds under key, or else the kernel.
func (a *Auto) Get(ctx context.Context, key string) ([]byte, error) {
	data, err := a.Keyring.Get(ctx, key)
	if err == nil {
		return a.newest(ctx, key, data), nil
	}
	if !errors.Is(err, ErrMiss) && !isOut(err) || !a.hasKernel() {
		return nil, err
	}
	data, kernelErr := a.fallback.Get(ctx, key)
	switch {
	case kernelErr == nil:
		a.inKernel.Store(true)
		return data, nil
	case errors.Is(kernelErr, ErrUnavailable):
		return nil, err
	}
	return nil, kernelErr
}

// newest returns what the keyring holds, or what the kernel does if that is newer,
// and deletes the one that is older. Whether the kernel is to be used at all is
// asked only if it has one: that takes as long as to ask the kernel.
func (a *Auto) newest(ctx context.Context, key string, inKeyring []byte) []byte {
	a.inKernel.Store(false)
	if a.Kernel == nil || a.Newer == nil {
		return inKeyring
	}
	inKernel, err := a.Kernel.Get(ctx, key)
	if err != nil || !a.hasKernel() {
		return inKeyring
	}
	switch {
	case a.Newer(inKernel, inKeyring):
		a.inKernel.Store(true)
		overtake(ctx, a.Keyring, key)
		return inKernel
	case a.Newer(inKeyring, inKernel):
		overtake(ctx, a.fallback, key)
	}
	return inKeyring
}

// Put stores data under key in the keyring, or else in the kernel's. It is an
// error if neither takes it, with the reasons of both.
func (a *Auto) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	err := a.Keyring.Put(ctx, key, data, life)
	if err == nil {
		a.inKernel.Store(false)
		if a.hasKernel() && a.isNewer(ctx, data, key) {
			overtake(ctx, a.fallback, key)
		}
		return nil
	}
	if !isOut(err) || !a.hasKernel() {
		return err
	}
	if kernelErr := a.fallback.Put(ctx, key, data, life); kernelErr != nil {
		return fmt.Errorf("%w; %s: %w", err, a.fallback.Name(), kernelErr)
	}
	a.inKernel.Store(true)
	if !errors.Is(err, ErrTimeout) && !errors.Is(err, ErrHung) { // it would not answer this either
		overtake(ctx, a.Keyring, key)
	}
	return nil
}

// isNewer says whether the kernel's copy may be deleted for data.
func (a *Auto) isNewer(ctx context.Context, data []byte, key string) bool {
	if a.Newer == nil {
		return true
	}
	inKernel, err := a.fallback.Get(ctx, key)
	return err == nil && a.Newer(data, inKernel)
}

// Delete removes what is stored under key from both. That one of them is not
// available is no error, as long as the other one is.
func (a *Auto) Delete(ctx context.Context, key string) error {
	err := a.Keyring.Delete(ctx, key)
	if !a.hasKernel() {
		return err
	}
	kernelErr := a.fallback.Delete(ctx, key)
	if !errors.Is(kernelErr, ErrUnavailable) && (err == nil || errors.Is(err, ErrUnavailable)) {
		return kernelErr
	}
	return err
}

// hasKernel says whether fallback is to be used.
func (a *Auto) hasKernel() bool {
	a.once.Do(func() {
		if a.Kernel != nil && (a.Container == nil || !a.Container()) {
			a.fallback = a.Kernel
		}
	})
	return a.fallback != nil
}

// overtake deletes an older copy. It is of no use to the caller to know that it
// could not be done.
func overtake(ctx context.Context, s Store, key string) {
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	_ = s.Delete(ctx, key)
}

// isOut says whether err is of a store, not of what was asked of it.
func isOut(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrLocked) || errors.Is(err, ErrTimeout)
}
