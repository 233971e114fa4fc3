// SPDX-License-Identifier: Apache-2.0

// Package secretservicetest is a D-Bus session bus on a unix socket with a
// Secret Service behind it, for tests: it can be locked, absent, mute, slow to
// die and wrong in the ways that real ones are, and it counts what it was
// asked. It is neither a message bus nor a safe place: there is one service,
// anyone may connect, and secrets are kept in memory as they came.
//
// There is no API stability promise.
package secretservicetest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Server is a running bus. Its methods may be called while clients use it.
type Server struct {
	// Address is what goes into DBUS_SESSION_BUS_ADDRESS.
	Address string

	dir      string
	listener net.Listener
	clients  sync.WaitGroup
	closing  sync.Once
	closed   chan struct{}

	mu     sync.Mutex
	conns  map[net.Conn]bool
	state  State
	faults map[string]Fault
	items  map[dbus.ObjectPath]item
	made   int // names given out so far: items, sessions, prompts, clients
	calls  []string
	starts int
}

// NewServer starts a bus as Start does. It ends, with all its connections, when
// the test does.
func NewServer(t testing.TB) *Server {
	t.Helper()
	s, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a bus whose service has an unlocked login collection. Its caller
// closes it.
func Start() (*Server, error) {
	dir, err := os.MkdirTemp("", "bus") // a test's own can be too long for a socket
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		return nil, err
	}
	s := &Server{
		Address:  "unix:path=" + dbus.EscapeBusAddressValue(listener.Addr().String()),
		dir:      dir,
		listener: listener,
		conns:    map[net.Conn]bool{},
		state:    State{Login: true},
		faults:   map[string]Fault{},
		items:    map[dbus.ObjectPath]item{},
		closed:   make(chan struct{}),
	}
	s.clients.Go(s.accept)
	return s, nil
}

// Close ends the bus before the test ends. Closing it twice is no error.
func (s *Server) Close() {
	s.closing.Do(func() {
		close(s.closed)
		_ = s.listener.Close()
		s.Disconnect()
		s.clients.Wait()
		_ = os.RemoveAll(s.dir)
	})
}

// Disconnect drops every client, as a bus that dies does.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		select {
		case <-s.closed: // Close has been past this one already
			_ = conn.Close()
		default:
		}
		s.clients.Go(func() {
			s.serve(conn)
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
	}
}

// serve talks to one client until it goes away or a fault ends it.
func (s *Server) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	if fault, ok := s.fault("AUTH"); ok {
		fault.inflict(conn)
		if fault.Hang {
			_, _ = in.WriteTo(io.Discard)
		}
		return
	}
	if authenticate(in, conn) != nil {
		return
	}
	known, mute := false, false
	for {
		call, err := dbus.DecodeMessage(in)
		if err != nil {
			return
		}
		member := field[string](call, dbus.FieldMember)
		s.record(member)
		if !known && field[string](call, dbus.FieldDestination) == serviceName {
			s.meet(call, in.Buffered() > 0)
			known = true
		}
		fault, ok := s.fault(member)
		if fault.Error != "" {
			if send(conn, failure(call, fault.Error)) != nil {
				return
			}
			continue
		}
		if mute {
			continue
		}
		mute = fault.Hang
		if !mute && (!ok || fault.Answer) && send(conn, s.answer(call, member)) != nil {
			return
		}
		if ok {
			fault.inflict(conn)
		}
		if ok && !mute {
			return
		}
	}
}

// authenticate is the server's side of the EXTERNAL mechanism (D-Bus
// specification, "Authentication Protocol"), for whoever asks.
func authenticate(in *bufio.Reader, conn net.Conn) error {
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return err
		}
		var reply string
		switch words := bytes.Fields(bytes.TrimLeft(line, "\x00")); {
		case len(words) == 0:
			return fmt.Errorf("empty line")
		case string(words[0]) == "BEGIN":
			return nil
		case string(words[0]) == "AUTH" && len(words) == 1:
			reply = "REJECTED EXTERNAL"
		case string(words[0]) == "AUTH" || string(words[0]) == "DATA":
			reply = "OK 0123456789abcdef0123456789abcdef"
		default:
			reply = "ERROR"
		}
		if _, err := fmt.Fprintf(conn, "%s\r\n", reply); err != nil {
			return err
		}
	}
}

func send(conn net.Conn, m *dbus.Message) error {
	var wire bytes.Buffer
	if err := m.EncodeTo(&wire, binary.LittleEndian); err != nil {
		return err
	}
	_, err := wire.WriteTo(conn)
	return err
}

func field[T any](m *dbus.Message, f dbus.HeaderField) T {
	value, _ := m.Headers[f].Value().(T)
	return value
}
