// SPDX-License-Identifier: Apache-2.0

package apitest

import (
	"net"
	"sync"
)

// listener counts connections and can leave them unanswered.
type listener struct {
	net.Listener

	mu      sync.Mutex
	n       int
	mute    bool
	refused bool
	kept    []net.Conn // mute ones, so that they are not collected and closed
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || !l.leave(conn) {
			return conn, err
		}
	}
}

// leave says whether the server shall not see the connection.
func (l *listener) leave(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	if l.mute {
		l.kept = append(l.kept, conn)
	}
	if l.refused {
		_ = conn.Close()
	}
	return l.mute || l.refused
}

// Close closes the mute connections too.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.kept {
		_ = conn.Close()
	}
	return l.Listener.Close()
}

func (l *listener) stall(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mute = on
}

func (l *listener) refuse(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = on
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}
