// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/godbus/dbus/v5"
)

var (
	errAuth      = errors.New("the bus did not let us in")
	errOtherUser = errors.New("the bus is another user's")
)

// bus is a connection of our own to the session bus. It speaks godbus's
// messages, but not with its connection: that one waits seven times where four
// round trips will do, takes no deadline while it logs in, and panics in
// goroutines of its own, where nobody recovers, on a signal without its
// arguments and on being closed in the middle of a message. This one starts no
// goroutine, and is for the use of one.
type bus struct {
	address string // of the one socket that we are connected to
	in      *bufio.Reader
	socket  net.Conn
	out     bytes.Buffer // not sent yet
	entered bool
	serial  uint32                   // of the last call
	answers map[uint32]*dbus.Message // by the serial of the call
}

// connect opens a connection that ends with ctx. Nothing is sent yet: what
// login needs goes out with the first calls.
func (k *Keyring) connect(ctx context.Context) (*bus, error) {
	address, err := k.busAddress()
	if err != nil {
		return nil, err
	}
	socket, address, err := dial(ctx, address)
	if err != nil {
		return nil, dialError(err)
	}
	context.AfterFunc(ctx, func() { _ = socket.Close() })
	b := &bus{address: address, in: bufio.NewReader(socket), socket: socket, answers: map[uint32]*dbus.Message{}}
	// D-Bus specification, "Authentication Protocol": the kernel says who we
	// are (EXTERNAL), so there is no reason to wait for an answer.
	fmt.Fprintf(&b.out, "\x00AUTH EXTERNAL %s\r\nBEGIN\r\n", hex.EncodeToString([]byte(strconv.Itoa(os.Geteuid()))))
	b.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
	return b, nil
}

// dialError is of a bus that is not there, or is not ours.
func dialError(err error) error {
	for _, reason := range []error{syscall.ENOENT, syscall.ENOTDIR, syscall.EACCES, syscall.ECONNREFUSED, errOtherUser} {
		if errors.Is(err, reason) {
			return absent(err)
		}
	}
	return busError(err)
}

// dial connects to the first socket of address that is there and ours, and
// returns its part of address too.
func dial(ctx context.Context, address string) (net.Conn, string, error) {
	var refused error
	for part := range strings.SplitSeq(address, ";") {
		path, err := socketOf(part)
		if err != nil {
			return nil, "", err
		}
		conn, err := new(net.Dialer).DialContext(ctx, "unix", path)
		if err == nil {
			if err = checkPeer(conn); err == nil {
				return conn, part, nil
			}
			_ = conn.Close()
		}
		refused = err
	}
	return nil, "", refused
}

// checkPeer refuses a bus of another user: secrets cross it in the clear, and
// its address comes from an environment that somebody else's kubeconfig may
// have set.
func checkPeer(conn net.Conn) error {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return errRemoteBus
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	uid, known, err := peerUID(raw)
	if err != nil {
		return err
	}
	if known && uid != os.Geteuid() {
		return errOtherUser
	}
	return nil
}

// call is one that was made on a bus.
type call struct {
	bus    *bus
	serial uint32
	err    error // it could not be made
}

// call makes a call. It is sent when an answer is waited for, so that calls
// share a round trip. The bus may not start whom it is for.
func (b *bus) call(to string, path dbus.ObjectPath, iface, member string, args ...any) call {
	m := dbus.Message{
		Type:  dbus.TypeMethodCall,
		Flags: dbus.FlagNoAutoStart,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldDestination: dbus.MakeVariant(to),
			dbus.FieldPath:        dbus.MakeVariant(path),
			dbus.FieldInterface:   dbus.MakeVariant(iface),
			dbus.FieldMember:      dbus.MakeVariant(member),
		},
		Body: args,
	}
	if len(args) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(args...))
	}
	b.serial++
	start := b.out.Len()
	err := m.EncodeTo(&b.out, binary.LittleEndian)
	if err == nil {
		// godbus numbers only what its own connection sends: the serial is the
		// third word of a message.
		binary.LittleEndian.PutUint32(b.out.Bytes()[start+8:], b.serial)
	}
	return call{b, b.serial, err}
}

// store waits for the answer to c and stores what it holds.
func (c call) store(into ...any) error {
	m, err := c.bus.answer(c)
	if err == nil && m.Type == dbus.TypeError {
		name, _ := m.Headers[dbus.FieldErrorName].Value().(string)
		err = dbus.Error{Name: name, Body: m.Body}
	}
	if err == nil {
		err = dbus.Store(m.Body, into...)
	}
	if err != nil {
		return busError(err)
	}
	return nil
}

// answer sends all calls that were made and reads until c is answered.
func (b *bus) answer(c call) (*dbus.Message, error) {
	if c.err != nil {
		return nil, c.err
	}
	if _, err := b.out.WriteTo(b.socket); err != nil {
		return nil, err
	}
	if err := b.enter(); err != nil {
		return nil, err
	}
	for b.answers[c.serial] == nil {
		m, err := dbus.DecodeMessage(b.in)
		if err != nil {
			return nil, err
		}
		// Signals are answers to nothing, and nobody here waits for them.
		if to, ok := m.Headers[dbus.FieldReplySerial].Value().(uint32); ok && to <= b.serial {
			b.answers[to] = m
		}
	}
	return b.answers[c.serial], nil
}

// enter reads the answer to the login, once.
func (b *bus) enter() error {
	if b.entered {
		return nil
	}
	line, err := b.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("OK ")) {
		return errAuth
	}
	b.entered = true
	return nil
}

func (b *bus) close() { _ = b.socket.Close() }
