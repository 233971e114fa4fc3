// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

// busVar names the session bus (D-Bus specification, "Well-known Message Bus
// Instances").
const busVar = "DBUS_SESSION_BUS_ADDRESS"

var (
	errNoBus     = errors.New("no D-Bus session bus")
	errRemoteBus = errors.New("the D-Bus session bus is not a local socket")
)

// busAddress finds the session bus where godbus looks for it, except that it
// never starts one: godbus goes on to dbus-launch, which leaves a daemon
// behind on every call (godbus/dbus#268). Addresses other than local sockets
// are refused, for secrets cross the bus in the clear.
func (k *Keyring) busAddress() (string, error) {
	var address string
	if k.Getenv != nil {
		address = k.Getenv(busVar)
	}
	if address == "" || strings.HasPrefix(address, "autolaunch:") {
		address = busIn(filepath.Join("/run/user", strconv.Itoa(k.UID)))
	}
	if address == "" {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, errNoBus)
	}
	for part := range strings.SplitSeq(address, ";") {
		if !strings.HasPrefix(part, "unix:") {
			return "", fmt.Errorf("%w: %w: %q", ErrUnavailable, errRemoteBus, address)
		}
	}
	return address, nil
}

// busIn returns the address of the bus that lives in a user's runtime
// directory: the socket bus, or what the file dbus-session says. It returns ""
// where there is none.
func busIn(dir string) string {
	socket := filepath.Join(dir, "bus")
	if _, err := os.Stat(socket); err == nil {
		return "unix:path=" + dbus.EscapeBusAddressValue(socket)
	}
	text, err := os.ReadFile(filepath.Join(dir, "dbus-session"))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	address, _ := strings.CutPrefix(line, busVar+"=")
	return strings.TrimSpace(address)
}

// connect opens a connection of our own, which ends with ctx. It does not wait
// for the bus to answer Hello, so that the first call shares its round trip; a
// bus that refuses Hello answers nothing else either.
func (k *Keyring) connect(ctx context.Context) (*dbus.Conn, error) {
	address, err := k.busAddress()
	if err != nil {
		return nil, err
	}
	conn, err := dbus.Dial(address, dbus.WithContext(ctx), dbus.WithIncomingInterceptor(repliesOnly))
	if err != nil {
		return nil, busError(err)
	}
	if err := conn.Auth(nil); err != nil {
		_ = conn.Close()
		return nil, busError(err)
	}
	conn.BusObject().GoWithContext(ctx, "org.freedesktop.DBus.Hello", 0, nil)
	return conn, nil
}

// connectShared returns the one connection that godbus shares in a process,
// which go-keyring uses. It can't be made to give up: a bus that accepts and
// stays mute holds it, and everyone after it, until the process ends.
//
// The bus that we found becomes the only one that go-keyring can find,
// whatever happens to its socket in between: with an address in the
// environment godbus never comes to dbus-launch.
func (k *Keyring) connectShared() (*dbus.Conn, error) {
	address, err := k.busAddress()
	if err != nil {
		return nil, err
	}
	if err := os.Setenv(busVar, address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	conn, err := dbus.SessionBus()
	if err != nil {
		return nil, busError(err)
	}
	return conn, nil
}

// repliesOnly makes godbus pass over everything that nobody asked for. It
// handles signals in a goroutine that no recover of ours reaches, and panics
// on a NameAcquired without a name.
func repliesOnly(m *dbus.Message) {
	if m.Type != dbus.TypeMethodReply && m.Type != dbus.TypeError {
		m.Type = 0
	}
}
