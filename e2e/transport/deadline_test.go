// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

const (
	limit = 25 * time.Second // of a call, whatever the services do
	grace = time.Second      // for the process itself
)

// ailment is how a service fails. It answers in place of the service, or says
// false for that.
type ailment func(w http.ResponseWriter, r *http.Request) bool

// mute accepts, and never answers.
func mute(_ http.ResponseWriter, r *http.Request) bool {
	<-r.Context().Done()
	return true
}

// drip answers byte by byte, and does not come to an end within the limit.
func drip(w http.ResponseWriter, r *http.Request) bool {
	w.WriteHeader(http.StatusCreated)
	for r.Context().Err() == nil {
		_, _ = io.WriteString(w, " ")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(200 * time.Millisecond)
	}
	return true
}

// reset breaks the connection in the middle of an answer.
func reset(w http.ResponseWriter, _ *http.Request) bool {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return false
	}
	_, _ = io.WriteString(conn, "HTTP/1.1 201 Created\r\nContent-")
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
	return true
}

// slow answers right, after most of the time that there is.
func slow(http.ResponseWriter, *http.Request) bool {
	time.Sleep(20 * time.Second)
	return false
}

// busy asks for a pause.
func busy(status int, pause string) ailment {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", pause)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error": {"message": "busy"}}`)
		return true
	}
}

// TestDeadline: whatever a service does, the exec plugin has ended within its
// limit, with one line, having asked nothing twice that is not idempotent.
func TestDeadline(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	const quick = 5 * time.Second
	programs := mainjob.Build(t)
	var all sync.WaitGroup // parallel tests would be only as many as processors
	defer all.Wait()
	for name, test := range map[string]struct {
		keystone, magnum ailment
		within           time.Duration
		says             string
		requests         int
	}{
		"a mute Keystone":                {mute, nil, limit, "it took too long", 1},
		"a mute Magnum":                  {nil, mute, limit, "it took too long", 2},
		"Keystone byte by byte":          {drip, nil, limit, "it took too long", 1},
		"Magnum byte by byte":            {nil, drip, limit, "it took too long", 2},
		"a slow Keystone, a mute Magnum": {slow, mute, limit, "it took too long", 2},
		"a reset by Keystone":            {reset, nil, quick, "cannot be reached", 1},
		"a reset by Magnum":              {nil, reset, quick, "cannot be reached", 2},
		"503 by Keystone":                {busy(503, "1"), nil, quick, "answered 503", 1},
		"429 by Magnum":                  {nil, busy(429, "1"), quick, "answered 429", 2},
		"503 by Magnum, for an hour":     {nil, busy(503, "3600"), quick, "answered 503", 2},
	} {
		s := magnumtest.New(magnumtest.Options{})
		t.Cleanup(s.Close)
		plugin := configured(t, programs, s)
		s.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			ill := test.magnum
			if strings.HasPrefix(r.URL.Path, "/v3") {
				ill = test.keystone
			}
			return ill != nil && ill(w, r)
		})
		all.Go(func() {
			begin := time.Now()
			out := env.Run(plugin.Command(t.Context()))
			if took := time.Since(begin); took > test.within+grace {
				t.Errorf("%s: took %v", name, took)
			}
			first, _, _ := strings.Cut(out.Stderr, "\n")
			if out.Code != 1 || out.Stdout != "" || !strings.Contains(first, test.says) || strings.Count(out.Stderr, "error: ") != 1 {
				t.Errorf("%s: got %+v, want a line that says %q", name, out, test.says)
			}
			if asked := s.Requests(); len(asked) != test.requests {
				t.Errorf("%s: %d requests, want %d", name, len(asked), test.requests)
			}
		})
	}
}

// configured is the exec plugin of a user for whom all went well so far.
func configured(t *testing.T, p mainjob.Programs, s *magnumtest.Server) env.ExecPlugin {
	t.Helper()
	u := newUser(t, p, nil, string(s.CloudsYAML()))
	if out := u.Run(t.Context(), "kubectl", "magnum", "config", "prod"); out.Code != 0 {
		t.Fatalf("config: %+v", out)
	}
	plugin, err := u.ExecPlugin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.ResetRequests()
	return plugin
}
