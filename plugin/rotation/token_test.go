// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"crypto/tls"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

const bearer = "gAAAAAB-the-token"

func (s *site) probeToken(t *testing.T, token string) Seen {
	t.Helper()
	return s.target.ProbeToken(t.Context(), s.roots, token)
}

func TestProbeToken(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if seen := s.probeToken(t, bearer); seen.Verdict != Refused || seen.Live == nil {
		t.Errorf("of a server that takes none: %+v", seen)
	}
	s.TakeTokens(func(token string) (string, bool) { return "alice", token == bearer })
	if seen := s.probeToken(t, bearer); seen.Verdict != Accepted || seen.Live == nil {
		t.Errorf("a good one: %+v", seen)
	}
	if seen := s.probeToken(t, "another"); seen.Verdict != Refused {
		t.Errorf("another: %+v", seen)
	}
	if s.Certificates() > 0 || s.Tokens() != 3 {
		t.Errorf("%d certificates and %d tokens", s.Certificates(), s.Tokens())
	}
	s.target.Handshake(t.Context(), s.roots)
	if s.probe(t); s.Tokens() != 3 {
		t.Error("a token is shown where there is none to show")
	}
}

// A token leaves for nobody who has not proved to be the cluster's API server,
// and follows no redirect.
func TestNoStrangerSeesAToken(t *testing.T) {
	t.Parallel()
	servers := maps.Clone(strangers)
	maps.Copy(servers, map[string]func(*testing.T, *site){
		"another name":  func(_ *testing.T, s *site) { s.target.TLSServerName = "elsewhere" },
		"plain http":    func(_ *testing.T, s *site) { s.target.Server = "http" + s.URL[len("https"):] },
		"a proxy of it": func(_ *testing.T, s *site) { s.target.ProxyURL = s.URL },
	})
	for name, make := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			make(t, s)
			if seen := s.probeToken(t, bearer); seen.Live != nil || seen.Verdict != NotShown || s.Tokens() > 0 || s.Requests() > 0 {
				t.Errorf("got %+v; it got %d tokens and %d requests", seen, s.Tokens(), s.Requests())
			}
		})
	}
	s := newSite(t)
	seenBy := 0
	other := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seenBy++ }))
	cert, key := s.ca.PEM(t)
	other.TLS = &tls.Config{Certificates: []tls.Certificate{apitest.Serving(cert, key, nil)}}
	other.StartTLS()
	t.Cleanup(other.Close)
	s.Answer(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if seen := s.probeToken(t, bearer); seen.Verdict != NotShown || seenBy > 0 {
		t.Errorf("redirected: got %+v, it was followed %d times", seen, seenBy)
	}
}

func TestDebugOfATokenDoesNotShowIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var lines []string
	s.target.Debug = func(line string) { lines = append(lines, line) }
	s.probeToken(t, bearer)
	expect(t, "a token", s, lines, `GET SERVER/version 401 N ms, with token`)
}
