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

// secrets is the Secret Service at the other end of a connection. None of its
// methods starts the service, unlocks or prompts.
type secrets struct{ conn *dbus.Conn }

// items is what the service holds under one key, in all its collections.
type items struct{ unlocked, locked []dbus.ObjectPath }

// find picks the item that go-keyring would use from the answer to search.
func (s secrets) find(ctx context.Context, search *dbus.Call) (dbus.ObjectPath, error) {
	var found items
	if err := answer(search, &found.unlocked, &found.locked); err != nil {
		return "", err
	}
	if len(found.unlocked)+len(found.locked) == 0 {
		return "", ErrMiss
	}
	item, err := found.in(loginCollection)
	if !errors.Is(err, ErrMiss) {
		return item, err // no need to ask whether there is a login collection
	}
	collection, err := s.collection(ctx)
	if err != nil {
		return "", err
	}
	return found.in(collection)
}

// in returns the item of one collection, ErrLocked if it is locked there,
// ErrMiss if that collection has none.
func (i items) in(collection dbus.ObjectPath) (dbus.ObjectPath, error) {
	inside := func(item dbus.ObjectPath) bool {
		return strings.HasPrefix(string(item), string(collection)+"/")
	}
	if n := slices.IndexFunc(i.unlocked, inside); n >= 0 {
		return i.unlocked[n], nil
	}
	if n := slices.IndexFunc(i.locked, inside); n >= 0 {
		return "", fmt.Errorf("%w: item %q", ErrLocked, i.locked[n])
	}
	return "", ErrMiss
}

// collection is the one that go-keyring uses: "login" if there is one, else
// the user's default.
func (s secrets) collection(ctx context.Context) (dbus.ObjectPath, error) {
	collections := s.property(ctx, secretsPath, serviceInterface, "Collections")
	alias := s.call(ctx, secretsPath, serviceInterface+".ReadAlias", "default")
	var listed dbus.Variant
	if err := answer(collections, &listed); err != nil {
		return "", err
	}
	if paths, _ := listed.Value().([]dbus.ObjectPath); slices.Contains(paths, loginCollection) {
		return loginCollection, nil
	}
	var path dbus.ObjectPath
	if err := answer(alias, &path); err != nil {
		return "", err
	}
	if path == "/" {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, errNoCollection)
	}
	return path, nil
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
