// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// answer is a whole HTTP answer before the headers that every answer has.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (s *Server) write(w http.ResponseWriter, a answer) {
	h := w.Header()
	for name, value := range a.header {
		h.Set(name, value)
	}
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("X-Openstack-Request-Id", "req-"+newUUID())
	if a.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func jsonAnswer(status int, v any) answer {
	return answer{
		status: status,
		header: map[string]string{"Content-Type": "application/json"},
		body:   marshal(v, spaced),
	}
}

// with adds a header to a copy of a.
func (a answer) with(name, value string) answer {
	header := map[string]string{name: value}
	for n, v := range a.header {
		if n != name {
			header[n] = v
		}
	}
	a.header = header
	return a
}

// notModelled is what a request gets whose real answer nobody has recorded.
func notModelled(r *http.Request) answer {
	return answer{
		status: http.StatusNotImplemented,
		header: map[string]string{"Content-Type": "text/plain"},
		body:   fmt.Appendf(nil, "magnumtest: %s %s is not modelled\n", r.Method, r.URL.Path),
	}
}

// isoTime is Python's isoformat of a moment in UTC, or null for none.
func isoTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000-07:00")
}
