// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// TestFront needs no Kubernetes: a Front does not know what it stands before.
func TestFront(t *testing.T) {
	f := newFront(t)
	first := dial(t, f)
	if got := first.ask(); got != nil {
		t.Fatalf("passing on: %v", got)
	}
	if got := f.Accepted(); len(got) != 1 || got[0].From != first.LocalAddr().String() {
		t.Errorf("accepted %v, want one from %s", got, first.LocalAddr())
	}

	f.Refuse()
	if _, err := net.Dial("tcp", address(f)); err == nil {
		t.Error("a connection was made although they are refused")
	}
	if got := first.ask(); got != nil {
		t.Errorf("a connection that was open does not go on: %v", got)
	}

	if err := f.Stall(); err != nil {
		t.Fatal(err)
	}
	stalled := dial(t, f)
	if got := stalled.ask(); !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("stalled: %v, want no answer", got)
	}

	if err := f.Resume(); err != nil {
		t.Fatal(err)
	}
	if got := stalled.ask(); got == nil || errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("a stalled connection was not cut: %v", got)
	}
	if got := dial(t, f).ask(); got != nil {
		t.Errorf("resumed: %v", got)
	}
	if got := len(f.Accepted()); got != 3 {
		t.Errorf("accepted %d connections, want 3", got)
	}
}

func TestFrontCuts(t *testing.T) {
	f := newFront(t)
	conn := dial(t, f)
	if err := conn.ask(); err != nil {
		t.Fatal(err)
	}
	f.CutAll()
	if err := conn.ask(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("not cut: %v", err)
	}
	if err := dial(t, f).ask(); err != nil {
		t.Errorf("a new connection: %v", err)
	}
	f.Close()
	f.Close()
	if _, err := net.Dial("tcp", address(f)); err == nil {
		t.Error("it still listens after Close")
	}
}

func newFront(t *testing.T) *Front {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	f, err := NewFront("https://" + server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func address(f *Front) string { return strings.TrimPrefix(f.URL(), "https://") }

type conn struct{ net.Conn }

func dial(t *testing.T, f *Front) conn {
	t.Helper()
	c, err := net.Dial("tcp", address(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return conn{c}
}

// ask is nil if there is an answer within a second.
func (c conn) ask() error {
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		return err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
