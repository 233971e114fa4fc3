// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// grace is how long a command may take to end by itself once it should.
const grace = time.Second

// bounded runs f, and goes on without it if it has not ended a second after
// ctx did: a read from a file system that hangs heeds no context. The program
// ends right after, and f with it.
func bounded(ctx context.Context, f func() error) error { return boundedUntil(ctx, grace, f) }

// boundedUntil is bounded for what may go on for longer after ctx did end.
func boundedUntil(ctx context.Context, late time.Duration, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(late)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("a file system, or something else that cannot be interrupted, hangs: %w", ctx.Err())
	}
}
