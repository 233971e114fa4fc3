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

// secret is the Secret structure of the Secret Service API 0.2.
type secret struct {
	Session     dbus.ObjectPath
	Parameters  []byte
	Value       []byte
	ContentType string
}

// contentType is that of all items of go-keyring's.
const contentType = "text/plain; charset=utf8"

// read asks the service itself: go-keyring's Get begins with Unlock, which opens
// a dialog and waits for it (docs/adr/0004-keyring-deadline.md).
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
	item, session, err := s.open(key)
	if err != nil {
		return nil, err
	}
	var found secret
	err = s.call(item, itemInterface, "GetSecret", session).store(&found)
	if isUnknownObject(err) {
		return nil, ErrMiss // KWallet's word for what is being replaced
	}
	return found.Value, err
}

// open finds the item under key and opens a session to read or write it.
func (s secrets) open(key string) (item, session dbus.ObjectPath, err error) {
	search := s.search(key) // both in one round trip
	opening := s.call(secretsPath, serviceInterface, "OpenSession", "plain", dbus.MakeVariant(""))
	if item, err = s.find(search); err != nil {
		return "", "", err
	}
	var algorithm dbus.Variant
	err = opening.store(&algorithm, &session)
	return item, session, err
}

// write puts another secret into the item that is there, and leaves it to
// go-keyring to make a new one. go-keyring would have the item replaced, for which
// KeePassXC before 2.7.6 opens a dialog, and which KWallet does by removing it
// first. To make one KeePassXC needs a prompt to be called although it asks
// nobody, as go-keyring does.
func (k *Keyring) write(ctx context.Context, key string, data []byte) error {
	// Who does not tell us in that time is not worth the longer one for writing.
	address, err := within(ctx, k.readTimeout(), func(ctx context.Context) (string, error) {
		return k.look(ctx, key)
	})
	if err == nil {
		err = k.change(ctx, key, data)
	}
	if !errors.Is(err, ErrMiss) {
		return err
	}
	if err := introduce(ctx, address); err != nil {
		return err
	}
	return classify(keyring.Set(keyringService, key, string(data)))
}

// look returns nil if there is an item under key that can be changed without
// asking anybody, ErrMiss if there is none and one can be made, and in both
// cases the address of the bus.
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
	_, err = s.find(s.search(key))
	return b.address, err
}

// change gives the item under key another secret.
func (k *Keyring) change(ctx context.Context, key string, data []byte) error {
	b, err := k.connect(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	s, err := greet(b)
	if err != nil {
		return err
	}
	item, session, err := s.open(key)
	if err != nil {
		return err
	}
	err = s.call(item, itemInterface, "SetSecret", secret{session, []byte{}, data, contentType}).store()
	if isUnknownObject(err) {
		return ErrMiss // it has been removed since
	}
	return err
}

func isUnknownObject(err error) bool {
	answer, ok := errors.AsType[dbus.Error](err)
	return ok && answer.Name == errorUnknownObject
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
