// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
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

	errorUnknownObject  = "org.freedesktop.DBus.Error.UnknownObject"
	errorServiceUnknown = "org.freedesktop.DBus.Error.ServiceUnknown"
	errorNoOwner        = "org.freedesktop.DBus.Error.NameHasNoOwner"
)

var errNoCollection = errors.New("the keyring has no default collection")

// secrets is the Secret Service at the other end of a connection, with the
// collection that go-keyring uses there. None of its methods starts the service
// or opens a dialog.
type secrets struct {
	bus        *bus
	collection dbus.ObjectPath
}

// greet asks for the collection: "login" if there is one, else the user's
// default. One that is locked is ErrLocked, before anything is looked for there:
// KeePassXC opens a dialog for whoever searches a database that is closed.
//
// It comes before everything else on a connection, and nothing is sent until
// its first question is answered. gnome-keyring registers a new client in an idle
// callback (ensure_client_for_sender) that now and then runs after the client's
// first call: a SearchItems is then refused, and an OpenSession or a property of a
// collection ends the daemon. A property of the service is read without looking
// for the client.
func greet(b *bus) (secrets, error) {
	s := secrets{bus: b, collection: loginCollection}
	var listed dbus.Variant
	if err := s.property(secretsPath, serviceInterface, "Collections").store(&listed); err != nil {
		return s, err
	}
	if paths, _ := listed.Value().([]dbus.ObjectPath); !slices.Contains(paths, loginCollection) {
		if err := s.call(secretsPath, serviceInterface, "ReadAlias", "default").store(&s.collection); err != nil {
			return s, err
		}
		if s.collection == "/" {
			return s, absent(errNoCollection)
		}
	}
	var locked dbus.Variant
	if err := s.property(s.collection, collectionInterface, "Locked").store(&locked); err != nil {
		return s, err
	}
	if isLocked, ok := locked.Value().(bool); !ok || isLocked {
		return s, fmt.Errorf("%w: collection %q", ErrLocked, s.collection)
	}
	return s, nil
}

// find returns the item that search found in the collection, ErrLocked if it
// is locked, ErrMiss if there is none.
func (s secrets) find(search call) (dbus.ObjectPath, error) {
	var unlocked, locked []dbus.ObjectPath
	if err := search.store(&unlocked, &locked); err != nil {
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
func (s secrets) search(key string) call {
	return s.call(secretsPath, serviceInterface, "SearchItems",
		map[string]string{"service": keyringService, "username": key})
}

// searchAll looks for all items of ours.
func (s secrets) searchAll() call {
	return s.call(secretsPath, serviceInterface, "SearchItems", map[string]string{"service": keyringService})
}

func (s secrets) property(path dbus.ObjectPath, iface, name string) call {
	return s.call(path, "org.freedesktop.DBus.Properties", "Get", iface, name)
}

func (s secrets) call(path dbus.ObjectPath, iface, member string, args ...any) call {
	return s.bus.call(secretsName, path, iface, member, args...)
}

// busError turns what godbus returns into an error of this package.
func busError(err error) error {
	if answer, ok := errors.AsType[dbus.Error](err); ok {
		switch answer.Name {
		case errorIsLocked:
			return fmt.Errorf("%w: %w", ErrLocked, err)
		case errorNoSuchObject: // removed since it was found
			return ErrMiss
		case errorServiceUnknown, errorNoOwner:
			return absent(err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
