// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

func TestDebug(t *testing.T) {
	t.Parallel()
	other := pkitest.NewCA(t, "prod", time.Now())
	body := func(s *site) {
		s.Answer(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, "of the body")
		})
	}
	garbage := func(s *site) {
		s.Answer(func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Header of-the-server\r\n\r\n")
			_ = conn.Close()
		})
	}
	asksForNone := func(s *site) {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
		ca, key := s.ca.PEM(t)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{apitest.Serving(ca, key, nil)}}
		server.StartTLS()
		t.Cleanup(server.Close)
		s.URL, s.target.Server = server.URL, server.URL
	}
	for name, test := range map[string]struct {
		make func(*site)
		want string
	}{
		"accepted":     {nil, `GET SERVER/version 200 N ms, with client certificate`},
		"refused":      {func(s *site) { s.credential = credentialOf(t, other) }, `GET SERVER/version 401 N ms, with client certificate`},
		"500":          {body, `GET SERVER/version 500 N ms, with client certificate`},
		"no HTTP":      {garbage, `GET SERVER/version failed after N ms: this is no answer of an API server`},
		"not asked":    {asksForNone, `GET SERVER/version 401 N ms, without client certificate: the server did not ask for one`},
		"a stranger":   {func(s *site) { s.Serve(other.PEM(t)) }, `GET SERVER/version failed after N ms: x509: .*`},
		"it hangs up":  {func(s *site) { s.Refuse(true) }, `GET SERVER/version failed after N ms: .*`},
		"no https URL": {func(s *site) { s.target.Server = "http://u:secret@h/?q=secret" }, `GET http://h/version failed after N ms: the API server's address is not an https URL`},
		"secrets":      {func(s *site) { s.target.Server = strings.Replace(s.URL, "//", "//u:secret@", 1) + "?q=secret#secret" }, `GET SERVER/version 200 N ms, with client certificate`},
	} {
		s := newSite(t)
		if test.make != nil {
			test.make(s)
		}
		var lines []string
		s.target.Debug = func(line string) { lines = append(lines, line) }
		s.probe(t)
		expect(t, name, s, lines, test.want)
	}
	s := newSite(t)
	var lines []string
	s.target.Debug = func(line string) { lines = append(lines, line) }
	s.target.Handshake(t.Context(), s.roots)
	expect(t, "handshake", s, lines, `TLS handshake with SERVER N ms`)
}

func expect(t *testing.T, name string, s *site, lines []string, want string) {
	t.Helper()
	want = strings.NewReplacer("N ms", `\d+ ms`, "SERVER", regexp.QuoteMeta(s.URL)).Replace(want)
	if len(lines) != 1 || !regexp.MustCompile("^"+want+"$").MatchString(lines[0]) {
		t.Errorf("%s: %q, want %s", name, lines, want)
	}
}
