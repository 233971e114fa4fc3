// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"context"
	"time"
)

// None is the store that keeps nothing. The zero value is ready to use.
type None struct{}

// Name returns "": there is no place to name.
func (None) Name() string { return "" }

// Get returns ErrMiss.
func (None) Get(context.Context, string) ([]byte, error) { return nil, ErrMiss }

// Put forgets data.
func (None) Put(context.Context, string, []byte, time.Duration) error { return nil }

// Delete does nothing.
func (None) Delete(context.Context, string) error { return nil }
