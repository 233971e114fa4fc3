// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Front stands before an API server as a load balancer does: a TCP proxy on
// loopback, at an address of its own that stays its own. It knows nothing of
// TLS. It begins by passing connections on. Its methods may be called
// concurrently.
type Front struct {
	target string
	port   reservedPort

	mu       sync.Mutex
	listener net.Listener
	stalls   bool
	accepted []Accepted
	open     map[net.Conn]struct{}
	running  sync.WaitGroup
}

// Accepted is a connection that a client made.
type Accepted struct {
	At   time.Time
	From string // the client's address and port
}

// NewFront starts one before server, the URL that [Cluster.Server] returns.
func NewFront(server string) (*Front, error) {
	port, err := reservePort()
	if err != nil {
		return nil, err
	}
	f := &Front{target: strings.TrimPrefix(server, "https://"), port: port, open: map[net.Conn]struct{}{}}
	if err := f.Resume(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// URL is where it listens.
func (f *Front) URL() string { return fmt.Sprintf("https://127.0.0.1:%d", f.port.number) }

// Accepted is every connection made so far, in order. One that was refused was
// not made.
func (f *Front) Accepted() []Accepted {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.accepted)
}

// CutAll ends the connections that are open, as an API server's restart does.
func (f *Front) CutAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close()
	}
}

// Refuse has new connections refused from now on. Open ones go on.
func (f *Front) Refuse() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listener != nil {
		_ = f.listener.Close()
		f.listener = nil
	}
}

// Stall has new connections accepted and never answered. Open ones go on.
func (f *Front) Stall() error {
	f.mu.Lock()
	f.stalls = true
	f.mu.Unlock()
	return f.listen()
}

// Resume has new connections passed on again. Stalled ones are cut: nothing
// would ever come of them.
func (f *Front) Resume() error {
	f.mu.Lock()
	stalled := f.stalls
	f.stalls = false
	f.mu.Unlock()
	if stalled {
		f.CutAll()
	}
	return f.listen()
}

// Close ends everything. A second call does nothing.
func (f *Front) Close() {
	f.Refuse()
	f.CutAll()
	f.running.Wait()
	f.port.release()
}

// listen listens unless it does already.
func (f *Front) listen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listener != nil {
		return nil
	}
	l, err := f.port.listen(context.Background())
	if err != nil {
		return err
	}
	f.listener = l
	f.running.Go(func() { f.serve(l) })
	return nil
}

func (f *Front) serve(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		f.running.Go(func() { f.handle(l, conn) })
	}
}

// handle passes on what conn says, or keeps it waiting until somebody closes
// it.
func (f *Front) handle(l net.Listener, conn net.Conn) {
	stalls := f.admit(l, conn)
	defer f.leave(conn)
	if stalls {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	server, err := net.Dial("tcp", f.target)
	if err != nil {
		return
	}
	// Either side's end is the end of both: nobody here uses half a connection.
	var other sync.WaitGroup
	other.Go(func() {
		_, _ = io.Copy(conn, server)
		_ = conn.Close()
	})
	_, _ = io.Copy(server, conn)
	_ = server.Close()
	other.Wait()
}

// admit counts conn and says whether it is to wait. One that l, since closed,
// took at the last moment is closed: nobody would cut it.
func (f *Front) admit(l net.Listener, conn net.Conn) (stalls bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listener != l {
		_ = conn.Close()
		return true
	}
	f.accepted = append(f.accepted, Accepted{At: time.Now(), From: conn.RemoteAddr().String()})
	f.open[conn] = struct{}{}
	return f.stalls
}

func (f *Front) leave(conn net.Conn) {
	_ = conn.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, conn)
}
