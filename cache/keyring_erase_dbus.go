// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

var errItemsLocked = fmt.Errorf("%w: single items", ErrLocked)

var errWantsToAsk = fmt.Errorf("%w: %w", ErrLocked, ErrAsks)

// found are the items of ours that a search has found, in any collection.
type found struct {
	secrets
	open []dbus.ObjectPath
	shut bool // there are others that are locked
}

// search finds what erase and list are about.
func (b *bus) search(what func(secrets) call) (found, error) {
	s, err := greet(b)
	if err != nil {
		return found{}, err
	}
	f := found{secrets: s}
	var shut []dbus.ObjectPath
	if err := what(s).store(&f.open, &shut); err != nil {
		return found{}, err
	}
	f.shut = len(shut) > 0
	return f, nil
}

// erase takes ReadTimeout at most, as long as nobody is asked: who does not do
// it in that time is not worth the longer one for writing.
func (k *Keyring) erase(ctx context.Context, key string) error {
	address, err := within(ctx, k.readTimeout(), func(ctx context.Context) (string, error) {
		return k.eraseQuietly(ctx, key)
	})
	if k.MayAsk && errors.Is(err, errWantsToAsk) {
		return k.eraseAsking(ctx, address, key)
	}
	return err
}

// eraseQuietly deletes what it can without asking anybody, and returns the
// address of the bus.
func (k *Keyring) eraseQuietly(ctx context.Context, key string) (address string, err error) {
	b, err := k.connect(ctx)
	if err != nil {
		return "", err
	}
	defer b.close()
	f, err := b.search(func(s secrets) call { return s.search(key) })
	if err != nil {
		return "", err
	}
	for _, item := range f.open {
		err = errors.Join(err, f.remove(item))
	}
	if err == nil && f.shut {
		err = errItemsLocked
	}
	return b.address, err
}

// remove deletes an item without asking anybody.
func (f found) remove(item dbus.ObjectPath) error {
	var prompt dbus.ObjectPath
	err := f.call(item, itemInterface, "Delete").store(&prompt)
	switch {
	case errors.Is(err, ErrMiss):
		return nil
	case err == nil && prompt != "/":
		return errWantsToAsk // in a prompt that does not open before somebody calls it
	}
	return err
}

// eraseAsking leaves it to go-keyring to delete an item, which opens the prompt
// and waits for it. go-keyring does not say what the answer was, and takes one
// item of several: so it is looked what is left.
func (k *Keyring) eraseAsking(ctx context.Context, address, key string) error {
	if err := introduce(ctx, address); err != nil {
		return err
	}
	count := func(ctx context.Context) (int, error) { return k.count(ctx, key) }
	left, err := within(ctx, k.readTimeout(), count)
	for err == nil && left > 0 {
		if err := classify(keyring.Delete(keyringService, key)); err != nil && !errors.Is(err, ErrMiss) {
			return err
		}
		before := left
		if left, err = within(ctx, k.readTimeout(), count); err == nil && left >= before {
			return errWantsToAsk // the answer was no
		}
	}
	return err
}

// count returns how many items there are under key.
func (k *Keyring) count(ctx context.Context, key string) (int, error) {
	b, err := k.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer b.close()
	f, err := b.search(func(s secrets) call { return s.search(key) })
	if err == nil && f.shut {
		err = errItemsLocked
	}
	return len(f.open), err
}

func (k *Keyring) list(ctx context.Context) ([]string, error) {
	b, err := k.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer b.close()
	f, err := b.search(secrets.searchAll)
	if err != nil {
		return nil, err
	}
	asked := make([]call, len(f.open)) // all in one round trip
	for i, item := range f.open {
		asked[i] = f.property(item, itemInterface, "Attributes")
	}
	var keys []string
	for _, c := range asked {
		var attributes dbus.Variant
		err := c.store(&attributes)
		if errors.Is(err, ErrMiss) {
			continue // removed since it was found
		}
		if err != nil {
			return nil, err
		}
		named, _ := attributes.Value().(map[string]string)
		if key := named["username"]; checkKey(key) == nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if f.shut {
		err = errItemsLocked
	}
	return slices.Compact(keys), err
}

func (k *Keyring) empty(ctx context.Context) error {
	keys, err := k.list(ctx)
	for _, key := range keys {
		err = errors.Join(err, k.erase(ctx, key))
	}
	return err
}

func (k *Keyring) ping(ctx context.Context) error {
	b, err := k.connect(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	return b.call(secretsName, secretsPath, "org.freedesktop.DBus.Peer", "Ping").store()
}
