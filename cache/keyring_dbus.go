// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/godbus/dbus/v5"
	"github.com/zalando/go-keyring"
)

// read asks the service itself, where write leaves that to go-keyring after a
// look of ours: go-keyring's Get begins with Unlock, which opens a dialog and
// waits for it (docs/adr/0004-keyring-deadline.md).
func (k *Keyring) read(ctx context.Context, key string) ([]byte, error) {
	b, err := k.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer b.close()
	s, err := greet(b)
	if err != nil {
		return nil, err
	}
	search := s.search(key) // both in one round trip
	session := s.call(secretsPath, serviceInterface, "OpenSession", "plain", dbus.MakeVariant(""))
	item, err := s.find(search)
	if err != nil {
		return nil, err
	}
	var algorithm dbus.Variant
	var sessionPath dbus.ObjectPath
	if err := session.store(&algorithm, &sessionPath); err != nil {
		return nil, err
	}
	var secret struct {
		Session     dbus.ObjectPath
		Parameters  []byte
		Value       []byte
		ContentType string
	}
	if err := s.call(item, itemInterface, "GetSecret", sessionPath).store(&secret); err != nil {
		return nil, err
	}
	return secret.Value, nil
}

func (k *Keyring) write(ctx context.Context, key string, data []byte) error {
	address, err := k.changeable(ctx, key)
	if err != nil && !errors.Is(err, ErrMiss) {
		return err
	}
	if err := introduce(ctx, address); err != nil {
		return err
	}
	return classify(keyring.Set(keyringService, key, string(data)))
}

// changeable returns nil if there is an item under key and go-keyring can
// change it without unlocking anything, ErrMiss if there is none and it can
// make one, and in both cases the address of the bus. Like a Get it takes
// ReadTimeout at most: who does not tell us in that time is not worth the
// longer one for writing.
func (k *Keyring) changeable(ctx context.Context, key string) (address string, err error) {
	return within(ctx, k.readTimeout(), func(ctx context.Context) (string, error) {
		return k.look(ctx, key)
	})
}

// look is changeable without the deadline.
func (k *Keyring) look(ctx context.Context, key string) (address string, err error) {
	b, err := k.connect(ctx)
	if err != nil {
		return "", err
	}
	defer b.close()
	s, err := greet(b)
	if err != nil {
		return "", err
	}
	search := s.search(key)
	var state dbus.Variant
	if err := s.property(s.collection, collectionInterface, "Locked").store(&state); err != nil {
		return "", err
	}
	if locked, ok := state.Value().(bool); !ok || locked {
		return "", fmt.Errorf("%w: collection %q", ErrLocked, s.collection)
	}
	_, err = s.find(search)
	return b.address, err
}

// introduce makes the service know the connection that godbus shares in a
// process, which go-keyring is going to use; see greet. It also makes the bus
// that we looked at the only one that go-keyring can find: of several it would
// take the first, be it another user's, and of none it would come to
// dbus-launch.
func introduce(ctx context.Context, address string) error {
	if err := os.Setenv(busVar, address); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	conn, err := dbus.SessionBus()
	if err != nil {
		return busError(err)
	}
	property := conn.Object(secretsName, secretsPath).CallWithContext(ctx,
		"org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, serviceInterface, "Collections")
	if property.Err != nil {
		return busError(property.Err)
	}
	return nil
}
