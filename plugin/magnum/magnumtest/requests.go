// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"bufio"
	"net"
	"net/http"
)

// Request is a line of the access log. It never holds a header or a body.
type Request struct {
	Service string // "keystone" or "magnum"
	Method  string
	Path    string // decoded, without the query
	Query   string
	Status  int // 0 as long as nothing was answered
}

// Requests is the access log of both services, in the order of arrival. A
// request whose answer a client has begun to read is in it with its status.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	log := make([]Request, len(s.requests))
	for i, r := range s.requests {
		log[i] = *r
	}
	return log
}

// ResetRequests empties the access log.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// logRequest notes r at once and returns the writer that completes the note.
func (s *Server) logRequest(service string, w http.ResponseWriter, r *http.Request) *loggedWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := &Request{Service: service, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery}
	s.requests = append(s.requests, line)
	return &loggedWriter{ResponseWriter: w, note: func(status int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		line.Status = status
	}}
}

// loggedWriter reports the status before a byte of the answer leaves.
type loggedWriter struct {
	http.ResponseWriter
	note func(status int)
	done bool
}

func (w *loggedWriter) WriteHeader(status int) {
	if !w.done {
		w.done = true
		w.note(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *loggedWriter) Write(b []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

// Flush lets an intercepting function send an answer in pieces.
func (w *loggedWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Hijack lets an intercepting function cut an answer short.
func (w *loggedWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap serves [http.ResponseController].
func (w *loggedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
