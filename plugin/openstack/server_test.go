// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

func httpServer(h http.Handler) *httptest.Server { return httptest.NewServer(h) }

// tlsServer has a certificate that nobody trusts, and says nothing about those
// who tell it so.
func tlsServer(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}

func jsonAnswer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// muteServer says begin to whoever asks something, and no more.
func muteServer(t *testing.T, begin string) (addr string) {
	t.Helper()
	return tcpServer(t, func(conn net.Conn) { _, _ = io.WriteString(conn, begin) })
}

// rawServer answers with what need not be HTTP, and closes.
func rawServer(t *testing.T, answer string) (addr string) {
	t.Helper()
	return tcpServer(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, answer)
		_ = conn.(*net.TCPConn).CloseWrite()
	})
}

// tcpServer lets answer speak to whoever asks something.
func tcpServer(t *testing.T, answer func(net.Conn)) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			go func() {
				if _, err := conn.Read(make([]byte, 1)); err == nil {
					answer(conn)
				}
			}()
		}
	}()
	return listener.Addr().String()
}
