// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/godbus/dbus/v5"
)

// The Secret Service API 0.2, https://specifications.freedesktop.org/secret-service/.
const (
	secretsName     = "org.freedesktop.secrets"
	secretsPath     = dbus.ObjectPath("/org/freedesktop/secrets")
	loginCollection = secretsPath + "/collection/login"

	serviceInterface    = "org.freedesktop.Secret.Service"
	collectionInterface = "org.freedesktop.Secret.Collection"
	itemInterface       = "org.freedesktop.Secret.Item"

	errorIsLocked     = "org.freedesktop.Secret.Error.IsLocked"
	errorNoSuchObject = "org.freedesktop.Secret.Error.NoSuchObject"
)

var errNoCollection = errors.New("the keyring has no default collection")

// secrets is the Secret Service at the other end of a connection, with the
// collection that go-keyring uses there. None of its methods starts the
// service, unlocks or prompts.
type secrets struct {
	conn       *dbus.Conn
	collection dbus.ObjectPath
}

// greet asks for the collection: "login" if there is one, else the user's
// default.
//
// It comes before everything else on a connection, and nothing is sent until
// it is answered. gnome-keyring registers a new client in an idle callback
// (ensure_client_for_sender) that now and then runs after the client's first
// call: a SearchItems is then refused, and an OpenSession ends the daemon. The
// property is read without looking for the client.
func greet(ctx context.Context, conn *dbus.Conn) (secrets, error) {
	s := secrets{conn, loginCollection}
	var listed dbus.Variant
	if err := answer(s.property(ctx, secretsPath, serviceInterface, "Collections"), &listed); err != nil {
		return s, err
	}
	if paths, _ := listed.Value().([]dbus.ObjectPath); slices.Contains(paths, loginCollection) {
		return s, nil
	}
	alias := s.call(ctx, secretsPath, serviceInterface+".ReadAlias", "default")
	if err := answer(alias, &s.collection); err != nil {
		return s, err
	}
	if s.collection == "/" {
		return s, fmt.Errorf("%w: %w", ErrUnavailable, errNoCollection)
	}
	return s, nil
}

// find returns the item that search found in the collection, ErrLocked if it
// is locked, ErrMiss if there is none.
func (s secrets) find(search *dbus.Call) (dbus.ObjectPath, error) {
	var unlocked, locked []dbus.ObjectPath
	if err := answer(search, &unlocked, &locked); err != nil {
		return "", err
	}
	inside := func(item dbus.ObjectPath) bool {
		return strings.HasPrefix(string(item), string(s.collection)+"/")
	}
	if i := slices.IndexFunc(unlocked, inside); i >= 0 {
		return unlocked[i], nil
	}
	if i := slices.IndexFunc(locked, inside); i >= 0 {
		return "", fmt.Errorf("%w: item %q", ErrLocked, locked[i])
	}
	return "", ErrMiss
}

// search looks for an item by the attributes that go-keyring gives it.
func (s secrets) search(ctx context.Context, key string) *dbus.Call {
	return s.call(ctx, secretsPath, serviceInterface+".SearchItems",
		map[string]string{"service": keyringService, "username": key})
}

func (s secrets) property(ctx context.Context, path dbus.ObjectPath, iface, name string) *dbus.Call {
	return s.call(ctx, path, "org.freedesktop.DBus.Properties.Get", iface, name)
}

// call sends without waiting, so that calls share a round trip, and forbids
// the bus to start the service.
func (s secrets) call(ctx context.Context, path dbus.ObjectPath, method string, args ...any) *dbus.Call {
	return s.conn.Object(secretsName, path).GoWithContext(ctx, method, dbus.FlagNoAutoStart, nil, args...)
}

// answer waits for call, which ends with its context, and stores what it
// returned.
func answer(call *dbus.Call, into ...any) error {
	<-call.Done
	if err := call.Store(into...); err != nil {
		return busError(err)
	}
	return nil
}

// busError turns what godbus returns into an error of this package.
func busError(err error) error {
	if answer, ok := errors.AsType[dbus.Error](err); ok {
		switch answer.Name {
		case errorIsLocked:
			return fmt.Errorf("%w: %w", ErrLocked, err)
		case errorNoSuchObject: // removed since it was found
			return ErrMiss
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
