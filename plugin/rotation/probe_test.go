// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// site is an API server of a CA, and a credential that it accepts.
type site struct {
	*apitest.Server
	ca         *pkitest.CA
	roots      []*x509.Certificate
	target     Target
	credential tls.Certificate
}

func newSite(t *testing.T) *site {
	t.Helper()
	server := apitest.New()
	t.Cleanup(server.Close)
	s := &site{Server: server, ca: pkitest.NewCA(t, "prod", time.Now())}
	s.roots = []*x509.Certificate{s.ca.Certificate}
	s.Serve(s.ca.PEM(t))
	cert, _ := s.ca.PEM(t)
	s.Trust(cert)
	s.target = Target{Server: server.URL, UserAgent: "test", Now: time.Now}
	s.credential = credentialOf(t, s.ca)
	return s
}

func credentialOf(t *testing.T, ca *pkitest.CA) tls.Certificate {
	t.Helper()
	key := pkitest.NewKey(t)
	return tls.Certificate{Certificate: [][]byte{ca.Client(t, key.Public(), time.Now(), nil).Raw}, PrivateKey: key}
}

func (s *site) probe(t *testing.T) Seen {
	t.Helper()
	return s.target.Probe(t.Context(), s.roots, s.credential)
}

func TestProbe(t *testing.T) {
	t.Parallel()
	other := pkitest.NewCA(t, "prod", time.Now())
	answer := func(status int, body string) func(*site) {
		return func(s *site) {
			s.Answer(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			})
		}
	}
	for _, test := range []struct {
		name    string
		make    func(*site)
		verdict Verdict
		live    bool
		failed  bool
	}{
		{"a good credential", nil, Accepted, true, false},
		{"a credential of another CA", func(s *site) { s.credential = credentialOf(t, other) }, Refused, true, false},
		{"403", answer(403, `{"message":"forbidden: User \"alice\" cannot get path \"/version\""}`), Accepted, true, false},
		{"403 of anonymous", answer(403, `{"message":"forbidden: User \"system:anonymous\" cannot get path \"/version\""}`), Refused, true, false},
		{"401", answer(401, ""), Refused, true, false},
		{"500", answer(500, ""), NotShown, true, true},
		{"503, while it starts", answer(503, ""), NotShown, true, true},
		{"a redirect", func(s *site) {
			s.Answer(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) })
		}, NotShown, true, true},
		{"a header without end", func(s *site) {
			s.Answer(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) })
		}, NotShown, true, true},
		{"403, cut short before it says of whom", func(s *site) {
			s.Answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"message":"forbidden: User `)
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
		}, NotShown, true, true},
		{"an answer without end", func(s *site) {
			s.Answer(func(w http.ResponseWriter, _ *http.Request) {
				for chunk := bytes.Repeat([]byte("x"), 1<<20); ; {
					if _, err := w.Write(chunk); err != nil {
						return
					}
				}
			})
		}, Accepted, true, false},
		{"nobody listens", func(s *site) { s.Close() }, NotShown, false, true},
		{"it hangs up", func(s *site) { s.Refuse(true) }, NotShown, false, true},
		{"another name", func(s *site) { s.target.TLSServerName = "elsewhere" }, NotShown, false, true},
		{"a certificate that has expired", func(s *site) { s.target.Now = func() time.Time { return time.Now().AddDate(6, 0, 0) } }, NotShown, false, true},
		{"no URL", func(s *site) { s.target.Server = "prod:6443" }, NotShown, false, true},
		{"plain http", func(s *site) { s.target.Server = "http" + s.URL[len("https"):] }, NotShown, false, true},
		{"an odd proxy", func(s *site) { s.target.ProxyURL = "://" }, NotShown, false, true},
		{"a proxy over TLS", func(s *site) { s.target.ProxyURL = s.URL }, NotShown, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if test.make != nil {
				test.make(s)
			}
			seen := s.probe(t)
			if seen.Verdict != test.verdict || (seen.Live != nil) != test.live || (seen.Err != nil) != test.failed || seen.Stranger {
				t.Errorf("got %+v", seen)
			}
			if seen.Live != nil && !seen.Live.Equal(s.ca.Certificate) {
				t.Error("another CA is live")
			}
			if n := s.Connections(); n > 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// strangers are servers that are not the cluster's, however much they seem so.
var strangers = map[string]func(*testing.T, *site){
	"another CA": func(t *testing.T, s *site) {
		t.Helper()
		s.Serve(pkitest.NewCA(t, "prod", time.Now()).PEM(t))
	},
	"another CA, with the real one along": func(t *testing.T, s *site) {
		t.Helper()
		cert, _ := s.ca.PEM(t)
		s.ServeStranger(cert)
	},
	"another CA, and the wrong name": func(t *testing.T, s *site) {
		t.Helper()
		s.Serve(pkitest.NewCA(t, "prod", time.Now()).PEM(t))
		s.target.TLSServerName = "elsewhere"
	},
	"the real chain without its key": func(t *testing.T, s *site) {
		t.Helper()
		s.Replay(s.ca.PEM(t))
	},
}

// A stranger sees no credential, and is not asked anything.
func TestProbeRefusesStrangers(t *testing.T) {
	t.Parallel()
	for name, make := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			make(t, s)
			probed, shaken := s.probe(t), s.target.Handshake(t.Context(), s.roots)
			for what, seen := range map[string]Seen{"probe": probed, "handshake": shaken} {
				if !seen.Stranger || seen.Live != nil || seen.Verdict != NotShown || len(seen.Presented) != 64 {
					t.Errorf("%s: got %+v", what, seen)
				}
			}
			if s.Certificates() > 0 || s.Requests() > 0 {
				t.Errorf("it got %d client certificates and %d requests", s.Certificates(), s.Requests())
			}
		})
	}
}

// A client's certificate, even by the cluster's CA, is no API server's. kubectl
// says so itself.
func TestProbeWantsAServersCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cert, key := s.ca.PEM(t)
	s.Present(apitest.Serving(cert, key, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }))
	if seen := s.probe(t); seen.Live != nil || seen.Err == nil || s.Requests() > 0 {
		t.Errorf("got %+v, after %d requests", seen, s.Requests())
	}
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := pkitest.NewCA(t, "prod", time.Now())
	for range 20 {
		seen := s.target.Handshake(t.Context(), []*x509.Certificate{other.Certificate, s.ca.Certificate})
		if seen.Live == nil || !seen.Live.Equal(s.ca.Certificate) || seen.Err != nil {
			t.Fatalf("got %+v", seen)
		}
	}
	if s.Requests() > 0 || s.Connections() != 20 {
		t.Errorf("%d connections, %d requests", s.Connections(), s.Requests())
	}
}

func TestProbeTakesTwoSeconds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.Stall(true)
	start := time.Now()
	seen := s.probe(t)
	const most = 2 * time.Second
	if took := time.Since(start); seen.Err == nil || seen.Stranger || took < most || took > most+time.Second {
		t.Errorf("got %+v after %s", seen, took)
	}
	if seen.Took < most/2 { // its clock starts after the timer
		t.Errorf("it says that it took %s", seen.Took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if seen := s.target.Probe(ctx, s.roots, s.credential); seen.Err == nil || seen.Took > time.Second {
		t.Errorf("with less time: %+v", seen)
	}
}

// The way that kubectl takes is the kubeconfig's.
func TestProbeGoesThroughTheProxy(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	proxy := newProxy(t)
	s.target.ProxyURL = proxy.URL
	if seen := s.probe(t); seen.Verdict != Accepted {
		t.Errorf("got %+v", seen)
	}
	if seen := s.target.Handshake(t.Context(), s.roots); seen.Live == nil {
		t.Errorf("handshake: got %+v", seen)
	}
	if got := proxy.asked(); len(got) != 2 || "https://"+got[0] != s.URL {
		t.Errorf("the proxy was asked for %q", got)
	}
	if s.Requests() != 1 {
		t.Errorf("%d requests", s.Requests())
	}
}

func TestFingerprintsTellWhatWasPresented(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	cert := apitest.Serving(first(pkitest.NewCA(t, "prod", time.Now()).PEM(t)))
	s.Present(cert)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if seen := s.probe(t); seen.Presented != pki.Fingerprint(leaf) {
		t.Errorf("got %s, want %s", seen.Presented, pki.Fingerprint(leaf))
	}
}

func first(cert, key []byte) ([]byte, []byte, func(*x509.Certificate)) { return cert, key, nil }

// proxy is an HTTP proxy that tunnels.
type proxy struct {
	*httptest.Server
	hosts chan string
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	p := &proxy{hosts: make(chan string, 10)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.hosts <- r.Host
		to, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer to.Close()
		w.WriteHeader(http.StatusOK)
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		go func() { _, _ = io.Copy(to, buffered) }()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) asked() []string {
	var got []string
	for len(p.hosts) > 0 {
		got = append(got, <-p.hosts)
	}
	return got
}
