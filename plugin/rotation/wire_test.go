// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// What is asked is what kubectl could ask, and no more.
func TestProbeAsksForTheVersion(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mu sync.Mutex
	var got *http.Request
	s.Answer(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = r
	})
	s.target.Server += "/k8s/clusters/c-x/"
	if seen := s.probe(t); seen.Verdict != Accepted {
		t.Fatalf("got %+v", seen)
	}
	mu.Lock()
	defer mu.Unlock()
	if got.Method != http.MethodGet || got.RequestURI != "/k8s/clusters/c-x/version" || got.Proto != "HTTP/1.1" || got.UserAgent() != "test" {
		t.Errorf("%s %s %s by %q", got.Method, got.RequestURI, got.Proto, got.UserAgent())
	}
	if len(got.TLS.PeerCertificates) != 1 {
		t.Errorf("%d certificates", len(got.TLS.PeerCertificates))
	}
}

func TestProbeAsksNobodyInTheClear(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var asked sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(1, 1) }))
	t.Cleanup(server.Close)
	s.target.Server = server.URL
	for what, seen := range map[string]Seen{"probe": s.probe(t), "handshake": s.target.Handshake(t.Context(), s.roots)} {
		if seen.Err == nil || seen.Verdict != NotShown || seen.Live != nil {
			t.Errorf("%s: got %+v", what, seen)
		}
	}
	if _, was := asked.Load(1); was {
		t.Error("it was asked")
	}
}

// server is an API server of a site's CA with TLS of its own.
func (s *site) server(t *testing.T, config *tls.Config) string {
	t.Helper()
	config.Certificates = []tls.Certificate{apitest.Serving(first(s.ca.PEM(t)))}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) == 0 {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	server.TLS, server.Config.ErrorLog = config, log.New(io.Discard, "", 0) // handshakes fail by design
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// In the middle of a rotation an API server may name the new CA alone. The
// credential is shown all the same: who shows none gets /version as anybody may.
func TestProbeShowsTheCredentialWhateverCAIsNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	named := x509.NewCertPool()
	named.AddCert(pkitest.NewCA(t, "another", time.Now()).Certificate)
	s.target.Server = s.server(t, &tls.Config{ClientAuth: tls.RequestClientCert, ClientCAs: named})
	if seen := s.probe(t); seen.Verdict != Accepted {
		t.Errorf("got %+v", seen)
	}
}

func TestProbeWantsTLS12(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for version, want := range map[uint16]Verdict{tls.VersionTLS11: NotShown, tls.VersionTLS12: Accepted} {
		s.target.Server = s.server(t, &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: version, MaxVersion: version})
		if seen := s.probe(t); seen.Verdict != want || seen.Stranger || seen.Live == nil == (want == Accepted) {
			t.Errorf("%s: got %+v", tls.VersionName(version), seen)
		}
	}
}

// A connection that ends between the server's chain and its proof says nothing:
// a bad network makes nobody a stranger, nor known.
func TestAnInterruptedProofIsNone(t *testing.T) {
	t.Parallel()
	for name, stall := range map[string]bool{"cut": false, "stalled": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.target.Server = s.interrupted(t, stall)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			probed, shaken := s.target.Probe(ctx, s.roots, s.credential), s.target.Handshake(ctx, s.roots)
			for what, seen := range map[string]Seen{"probe": probed, "handshake": shaken} {
				if seen.Stranger || seen.Live != nil || seen.Err == nil || seen.Verdict != NotShown {
					t.Errorf("%s: got %+v", what, seen)
				}
			}
		})
	}
}

// interrupted is a server whose first words lose their end, which is the proof
// that it has its key: 58 bytes say that it has finished, a hundred before that
// hold its signature.
func (s *site) interrupted(t *testing.T, stall bool) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	config := &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{apitest.Serving(first(s.ca.PEM(t)))}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = tls.Server(&short{Conn: conn, open: stall}, config).HandshakeContext(context.Background())
			}()
		}
	}()
	return "https://" + listener.Addr().String()
}

// short is a connection that loses the end of what is written.
type short struct {
	net.Conn
	open bool // and stays open
}

func (c *short) Write(data []byte) (int, error) {
	if n, err := c.Conn.Write(data[:max(0, len(data)-100)]); err != nil {
		return n, err
	}
	if !c.open {
		_ = c.Close()
	}
	return len(data), nil
}
