// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// within calls f in a goroutine of its own and waits for it until d has passed
// or ctx is done. A panic in f is an error, also one after the wait was over.
//
// Keyrings wait for ever in ordinary situations and take no context
// (zalando/go-keyring#131), so f may well outlive the call; it is left to end
// with the process.
func within[T any](ctx context.Context, d time.Duration, f func(context.Context) (T, error)) (T, error) {
	var zero T
	ctx, cancel := context.WithTimeoutCause(ctx, d, fmt.Errorf("waited %v", d))
	defer cancel()
	if ctx.Err() != nil {
		return zero, stopped(ctx)
	}
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		r := result{err: errPanic}
		defer func() {
			if p := recover(); p != nil {
				r.err = panicked(p)
			}
			done <- r
		}()
		r.value, r.err = f(ctx)
	}()
	select {
	case r := <-done:
		if r.err != nil && ctx.Err() != nil {
			return zero, stopped(ctx)
		}
		return r.value, r.err
	case <-ctx.Done():
		return zero, stopped(ctx)
	}
}

// stopped says why ctx is done: ErrTimeout for a deadline, the caller's own
// reason for a cancellation.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: %w", ErrTimeout, cause)
	}
	return cause
}

var errPanic = fmt.Errorf("%w: the keyring library gave up", ErrUnavailable)

// panicked keeps the text of a panic only where the Go runtime wrote it: what a
// library puts into its own may be what it was working on, a secret.
func panicked(p any) error {
	if err, ok := p.(runtime.Error); ok {
		return fmt.Errorf("%w: the keyring library panicked: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: the keyring library panicked with a %T", ErrUnavailable, p)
}
