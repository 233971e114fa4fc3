// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/godbus/dbus/v5"
)

// connect opens a connection of our own, which ends with ctx. It does not wait
// for the bus to answer Hello, so that the first call shares its round trip; a
// bus that refuses Hello answers nothing else either.
func (k *Keyring) connect(ctx context.Context) (*dbus.Conn, error) {
	address, err := k.busAddress()
	if err != nil {
		return nil, err
	}
	socket, err := dial(ctx, address)
	if err != nil {
		return nil, busError(err)
	}
	conn, err := dbus.NewConn(buffered{socket, bufio.NewReader(socket)}, dbus.WithContext(ctx), dbus.WithIncomingInterceptor(repliesOnly))
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

// buffered is a socket that is read in large pieces. godbus reads its own in
// small ones, and panics, in a goroutine that no recover of ours reaches, if it
// is closed in the middle of a message: as it is when a deadline ends.
type buffered struct {
	net.Conn
	in *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.in.Read(p) }

// dial connects to the first socket of address that takes it.
func dial(ctx context.Context, address string) (net.Conn, error) {
	var refused error
	for part := range strings.SplitSeq(address, ";") {
		path, err := socketOf(part)
		if err != nil {
			return nil, err
		}
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, nil
		}
		refused = err
	}
	return nil, refused
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
// handles signals where no recover of ours reaches too, and panics on a
// NameAcquired without a name.
func repliesOnly(m *dbus.Message) {
	if m.Type != dbus.TypeMethodReply && m.Type != dbus.TypeError {
		m.Type = 0
	}
}
