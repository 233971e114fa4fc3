// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// memory is a store that lasts as long as a test, and keeps all it ever had.
type memory struct {
	mu    sync.Mutex
	data  map[string][]byte
	lives map[string]time.Duration
	all   [][]byte

	name     string           // "" is "memory"
	fails    error            // what becomes of every call; nil: it works
	noList   error            // of Keys
	noGet    error            // of Get
	onDelete func(key string) // nil: nothing
	onPut    func()           // likewise
}

func newMemory() *memory {
	return &memory{data: map[string][]byte{}, lives: map[string]time.Duration{}}
}

func (m *memory) Name() string { return cmp.Or(m.name, "memory") }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.data[key]
	switch {
	case m.fails != nil || m.noGet != nil:
		return nil, errorOr(m.noGet, m.fails)
	case !ok:
		return nil, cache.ErrMiss
	}
	return data, nil
}

func (m *memory) Put(_ context.Context, key string, data []byte, life time.Duration) error {
	if m.onPut != nil {
		m.onPut()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails == nil {
		m.data[key], m.lives[key] = data, life
		m.all = append(m.all, data)
	}
	return m.fails
}

func (m *memory) Delete(_ context.Context, key string) error {
	if m.onDelete != nil {
		m.onDelete(key)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails == nil {
		delete(m.data, key)
	}
	return m.fails
}

func (m *memory) Keys(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil || m.noList != nil {
		return nil, errorOr(m.noList, m.fails)
	}
	return slices.Sorted(maps.Keys(m.data)), nil
}

func (m *memory) Clear(ctx context.Context) error {
	keys, err := m.Keys(ctx)
	for _, key := range keys {
		err = errorOr(err, m.Delete(ctx, key))
	}
	return err
}

func errorOr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// fail makes every call fail, or with nil work again.
func (m *memory) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

func (m *memory) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.data[key] != nil
}
