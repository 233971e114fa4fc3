// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

// read asks the service itself, where write and erase leave that to go-keyring
// after a look of ours: go-keyring's Get begins with Unlock, which opens a
// dialog and waits for it (docs/adr/0004-keyring-deadline.md).
func (k *Keyring) read(ctx context.Context, key string) ([]byte, error) {
	conn, err := k.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	s, err := greet(ctx, conn)
	if err != nil {
		return nil, err
	}
	search := s.search(ctx, key) // both in one round trip
	session := s.call(ctx, secretsPath, serviceInterface+".OpenSession", "plain", dbus.MakeVariant(""))
	item, err := s.find(search)
	if err != nil {
		return nil, err
	}
	var algorithm dbus.Variant
	var sessionPath dbus.ObjectPath
	if err := answer(session, &algorithm, &sessionPath); err != nil {
		return nil, err
	}
	var secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	if err := answer(s.call(ctx, item, itemInterface+".GetSecret", sessionPath), &secret); err != nil {
		return nil, err
	}
	return secret.Value, nil
}

func (k *Keyring) write(ctx context.Context, key string, data []byte) error {
	if err := k.changeable(ctx, key); err != nil && !errors.Is(err, ErrMiss) {
		return err
	}
	return classify(keyring.Set(keyringService, key, string(data)))
}

func (k *Keyring) erase(ctx context.Context, key string) error {
	err := k.changeable(ctx, key)
	if err == nil {
		err = classify(keyring.Delete(keyringService, key))
	}
	if errors.Is(err, ErrMiss) || errors.Is(err, errNoCollection) {
		return nil
	}
	return err
}

// changeable returns nil if there is an item under key and go-keyring can
// change it without unlocking anything, ErrMiss if there is none and it can
// make one. Like a Get it takes ReadTimeout at most: who does not tell us in
// that time is not worth the longer one for writing.
func (k *Keyring) changeable(ctx context.Context, key string) error {
	_, err := within(ctx, k.readTimeout(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, k.look(ctx, key)
	})
	return err
}

// look is changeable without the deadline. It looks on the connection that
// go-keyring is going to use.
func (k *Keyring) look(ctx context.Context, key string) error {
	conn, err := k.connectShared()
	if err != nil {
		return err
	}
	s, err := greet(ctx, conn)
	if err != nil {
		return err
	}
	search := s.search(ctx, key)
	var state dbus.Variant
	if err := answer(s.property(ctx, s.collection, collectionInterface, "Locked"), &state); err != nil {
		return err
	}
	if locked, ok := state.Value().(bool); !ok || locked {
		return fmt.Errorf("%w: collection %q", ErrLocked, s.collection)
	}
	_, err = s.find(search)
	return err
}
