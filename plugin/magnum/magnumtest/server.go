// SPDX-License-Identifier: Apache-2.0

// Package magnumtest is a Keystone and a Magnum for tests, on loopback. It
// checks passwords, tokens, roles and access rules and signs certificates with
// CAs of its own, and it answers with the status codes and bodies of Keystone
// 22 and Magnum 15 (or 30 and 23) as recorded from the real ones; the contract
// suite in the contract directory holds it to that.
//
// It refuses to guess: a request whose real answer is not modelled gets 501.
// It creates no cluster, has no TLS and no persistence, and nothing in it is
// fit to guard anything. There is no API stability promise.
package magnumtest

import (
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Options are the knobs of a [Server]; the zero value is a Magnum 15 with its
// default policy.
type Options struct {
	ProdAPI         string           // api_address of prod, default https://127.0.0.1:16443
	DevAPI          string           // api_address of dev, default https://127.0.0.1:17443
	Policy          string           // "" for Magnum's own, "project" where members sign for each other
	Version         int              // Magnum's release, 15 (default) or 23
	TokenLife       time.Duration    // default 1 h; Keystone counts whole seconds
	CertificateLife time.Duration    // default 5 × 365 d, for CAs and what they sign
	RotateAfter     time.Duration    // from PATCH to UPDATE_COMPLETE, default 1 s; negative: never, see [Server.FinishRotation]
	Extra           int              // more clusters, extra-0001 and on
	Listen          string           // Keystone's address, default 127.0.0.1:0; Magnum takes the next port, or any after 0
	Now             func() time.Time // default the system's clock; also rules the Date header
}

// Server is a running pair. All methods may be called concurrently.
type Server struct {
	opts     Options
	release  release
	keystone endpoint
	magnum   endpoint

	mu        sync.Mutex
	identity  identity
	clusters  []*cluster
	templates []*template
	rotation  rotation
	sign      SignFunc
	intercept func(http.ResponseWriter, *http.Request) bool
	noRules   bool // see RefuseAccessRules
	requests  []*Request
}

// endpoint is one of the two services.
type endpoint struct {
	name   string
	url    string
	server *http.Server
}

// New starts a pair with its users, projects and clusters: alice (password
// alice-pw, made every cluster), bob, reader and admin in the projects demo
// and admin; prod, dev, building, twin (two), notls, norotate and failed.
// It panics if it cannot listen or if an option has no meaning, as
// [net/http/httptest.NewServer] does.
func New(opts Options) *Server {
	s := &Server{opts: opts.withDefaults()}
	r, ok := releases[s.opts.Version]
	if !ok {
		panic(fmt.Sprintf("magnumtest: no Magnum %d here", s.opts.Version))
	}
	s.release = r
	s.identity = newIdentity()
	s.seed()
	s.start()
	return s
}

func (o Options) withDefaults() Options {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&o.ProdAPI, "https://127.0.0.1:16443")
	set(&o.DevAPI, "https://127.0.0.1:17443")
	set(&o.Listen, "127.0.0.1:0")
	if o.Policy != "" && o.Policy != "project" {
		panic(fmt.Sprintf("magnumtest: no policy %q here", o.Policy))
	}
	if o.Version == 0 {
		o.Version = 15
	}
	for d, value := range map[*time.Duration]time.Duration{
		&o.TokenLife:       time.Hour,
		&o.CertificateLife: 5 * 365 * 24 * time.Hour,
		&o.RotateAfter:     time.Second,
	} {
		if *d == 0 {
			*d = value
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// start listens for both services before it serves either: each names the
// other in its answers.
func (s *Server) start() {
	host, port, err := net.SplitHostPort(s.opts.Listen)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: listen address: %v", err))
	}
	next := "0"
	if n, err := strconv.Atoi(port); err == nil && n != 0 {
		next = strconv.Itoa(n + 1)
	}
	k, m := listen(host, port), listen(host, next)
	s.keystone = endpoint{name: "keystone", url: "http://" + k.Addr().String() + "/v3"}
	s.magnum = endpoint{name: "magnum", url: "http://" + m.Addr().String() + "/v1"}
	s.serve(&s.keystone, k, s.answerKeystone)
	s.serve(&s.magnum, m, s.answerMagnum)
}

func listen(host, port string) net.Listener {
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	return l
}

func (s *Server) serve(e *endpoint, l net.Listener, handle func(*http.Request) answer) {
	name := e.name
	e.server = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logged := s.logRequest(name, w, r)
			if f := s.interceptor(); f != nil && f(logged, r) {
				return
			}
			s.write(logged, handle(r))
		}),
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = e.server.Serve(l) }()
}

// Close stops both services and cuts their connections. A second Close does
// nothing.
func (s *Server) Close() {
	s.CloseKeystone()
	s.CloseMagnum()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation.stop()
}

// CloseKeystone stops Keystone alone. Magnum keeps the tokens it knows of, as
// this pair shares them.
func (s *Server) CloseKeystone() { _ = s.keystone.server.Close() }

// CloseMagnum stops Magnum alone; the catalog goes on naming it.
func (s *Server) CloseMagnum() { _ = s.magnum.server.Close() }

// KeystoneURL is Keystone's address, ending in /v3.
func (s *Server) KeystoneURL() string { return s.keystone.url }

// MagnumURL is Magnum's address, ending in /v1, as the catalog has it.
func (s *Server) MagnumURL() string { return s.magnum.url }

// Intercept has f see each request to either service (paths begin with /v3
// and /v1) before it is answered. When f returns true it has answered; nil
// removes it. f runs concurrently and may hijack the connection.
func (s *Server) Intercept(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.intercept = f
}

func (s *Server) interceptor() func(http.ResponseWriter, *http.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.intercept
}

func (s *Server) now() time.Time { return s.opts.Now() }
