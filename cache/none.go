// SPDX-License-Identifier: Apache-2.0

package cache

import "context"

// None is the store that keeps nothing. The zero value is ready to use.
type None struct{}

// Name returns "none".
func (None) Name() string { return "none" }

// Get returns ErrMiss.
func (None) Get(context.Context, string) ([]byte, error) { return nil, ErrMiss }

// Put forgets data.
func (None) Put(context.Context, string, []byte) error { return nil }

// Delete does nothing.
func (None) Delete(context.Context, string) error { return nil }
