// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// Of two stores that did not take a key, the one that is worth mending is named.
func TestWhyNotKept(t *testing.T) {
	full := fmt.Errorf("%w: %w", cache.ErrUnavailable, cache.ErrFull)
	for _, test := range []struct {
		err  error
		want string
	}{
		{cache.ErrUnavailable, "there is no keyring here"},
		{fmt.Errorf("%w; kernel keyring: %w", cache.ErrUnavailable, cache.ErrUnavailable), "there is no keyring here"},
		{full, "the kernel keyring is full"},
		{fmt.Errorf("%w; kernel keyring: %w", cache.ErrUnavailable, full), "the kernel keyring is full"},
		{fmt.Errorf("%w; kernel keyring: %w", cache.ErrLocked, full), "the keyring is locked"},
		{fmt.Errorf("%w; kernel keyring: %w", cache.ErrLocked, cache.ErrUnavailable), "the keyring is locked"},
		{fmt.Errorf("%w; kernel keyring: %w", cache.ErrTimeout, cache.ErrUnavailable), "the keyring does not answer"},
		{errors.New("else"), "else"},
	} {
		if got := storeProblem(test.err); got != test.want {
			t.Errorf("storeProblem(%v) = %q, want %q", test.err, got, test.want)
		}
	}
}
