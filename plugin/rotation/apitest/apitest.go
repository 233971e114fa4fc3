// SPDX-License-Identifier: Apache-2.0

// Package apitest is an API server for tests, as far as credentials go: it
// has a serving certificate, asks for client certificates, may take tokens, and
// answers like kube-apiserver to good and bad ones. Certificates can be replaced while it runs, as
// a rotation does, and it can be what an API server never is: an impostor, mute
// or gone. It knows nothing of Kubernetes, and is for tests alone.
package apitest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a running API server on loopback. Its methods may be called
// concurrently.
type Server struct {
	URL string

	http     *http.Server
	listener *listener

	mu           sync.Mutex
	serving      tls.Certificate
	clients      *x509.CertPool
	answer       http.HandlerFunc
	seen         int // requests
	certificates int // from clients, good or bad
	tokens       int // likewise
	whose        func(token string) (user string, ok bool)
	last, banned *x509.Certificate
	signing      *Signing
}

// New starts a server that has no certificate yet, so that nobody can talk to
// it before Serve. It panics if it cannot listen.
func New() *Server {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	s := &Server{URL: "https://" + l.Addr().String(), listener: &listener{Listener: l}}
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          log.New(io.Discard, "", 0), // handshakes fail by design
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			ClientAuth: tls.RequestClientCert,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				cert := s.serving // a handshake goes on with the one it began with
				return &cert, nil
			},
			VerifyConnection: func(state tls.ConnectionState) error {
				s.mu.Lock()
				defer s.mu.Unlock()
				if len(state.PeerCertificates) > 0 {
					s.certificates++
					s.last = state.PeerCertificates[0]
				}
				return nil
			},
		},
	}
	go func() { _ = s.http.ServeTLS(s.listener, "", "") }()
	return s
}

// Close stops the server and cuts its connections.
func (s *Server) Close() { _ = s.http.Close() }

// Serve has the server present a new certificate signed by a CA, given in PEM.
func (s *Server) Serve(caPEM, keyPEM []byte) {
	s.Present(Serving(caPEM, keyPEM, nil))
}

// Replay has the server present a chain that a CA did sign, and that it saw
// somewhere, without the key of it.
func (s *Server) Replay(caPEM, keyPEM []byte) {
	cert := Serving(caPEM, keyPEM, nil)
	cert.Certificate = append(cert.Certificate, block(caPEM))
	cert.PrivateKey = newKey()
	s.Present(cert)
}

// ServeStranger has the server present a certificate by a CA of its own, of the
// same name as the given one, which it sends along.
func (s *Server) ServeStranger(caPEM []byte) {
	key := newKey()
	name, err := x509.ParseCertificate(block(caPEM))
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	ca := sign(&x509.Certificate{
		Subject: name.Subject, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, key.Public(), key)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	cert := Serving(pemOf("CERTIFICATE", ca), pemOf("PRIVATE KEY", keyDER), nil)
	cert.Certificate = append(cert.Certificate, ca, block(caPEM))
	s.Present(cert)
}

// Present has the server present this certificate.
func (s *Server) Present(cert tls.Certificate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serving = cert
}

// Trust has the server take client certificates of these CAs and no others.
func (s *Server) Trust(casPEM ...[]byte) {
	pool := x509.NewCertPool()
	for _, ca := range casPEM {
		pool.AppendCertsFromPEM(ca)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = pool
}

// TakeTokens has the server take bearer tokens too: whose says whose one is, as a
// webhook would. Nil ends that.
func (s *Server) TakeTokens(whose func(token string) (user string, ok bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whose = whose
}

// Ban has the server refuse the client certificate that it saw last.
func (s *Server) Ban() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.banned = s.last
}

// Answer has f answer every request; nil ends that.
func (s *Server) Answer(f http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Stall has the server take connections and never say a word, until it is
// called with false. Connections taken meanwhile stay mute.
func (s *Server) Stall(on bool) { s.listener.stall(on) }

// Refuse has the server cut every connection at once, as nearly as one can to
// not listening without giving its port away, until it is called with false.
func (s *Server) Refuse(on bool) { s.listener.refuse(on) }

// Connections is how many connections were made so far.
func (s *Server) Connections() int { return s.listener.count() }

// Requests is how many requests were made so far.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

// Certificates is how many client certificates have reached the server so far,
// whatever became of them.
func (s *Server) Certificates() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.certificates
}

// Tokens is how many requests with a bearer token have reached the server so
// far, whatever became of them.
func (s *Server) Tokens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// handle says whom it saw, as kubectl auth whoami would, or 401.
func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	clients, answer, banned, whose, signing := s.clients, s.answer, s.banned, s.whose, s.signing
	s.seen++
	if bearer {
		s.tokens++
	}
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	if bearer && whose != nil {
		if user, ok := whose(token); ok {
			fmt.Fprintf(w, "%s by token\n", user)
			return
		}
	}
	if len(r.TLS.PeerCertificates) == 0 || !verifies(r.TLS.PeerCertificates[0], clients, signing) || r.TLS.PeerCertificates[0].Equal(banned) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`)
		return
	}
	who := r.TLS.PeerCertificates[0].Subject
	if signing != nil && strings.HasPrefix(r.URL.Path, "/apis/") {
		signing.handle(w, r, who.Organization)
		return
	}
	fmt.Fprintf(w, "%s in %s\n", who.CommonName, strings.Join(who.Organization, ", "))
}

// verifies goes by the clock that signs, if there is one.
func verifies(cert *x509.Certificate, clients *x509.CertPool, signing *Signing) bool {
	if clients == nil {
		return false
	}
	options := x509.VerifyOptions{Roots: clients, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if signing != nil {
		options.CurrentTime = signing.now()
	}
	_, err := cert.Verify(options)
	return err == nil
}

// Serving is a serving certificate for loopback by a CA, given in PEM, after
// edit (which may be nil) changed its template.
func Serving(caPEM, keyPEM []byte, edit func(*x509.Certificate)) tls.Certificate {
	pair, err := tls.X509KeyPair(caPEM, keyPEM)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	key := newKey()
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(template)
	}
	return tls.Certificate{Certificate: [][]byte{sign(template, pair.Leaf, key.Public(), pair.PrivateKey)}, PrivateKey: key}
}

// sign signs for ten years around now, since tests put clocks forward; without
// a parent the template is its own.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.PrivateKey) []byte {
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-5*365*24*time.Hour), time.Now().Add(5*365*24*time.Hour)
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	return der
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("apitest: %v", err))
	}
	return key
}

func block(text []byte) []byte {
	b, _ := pem.Decode(text)
	if b == nil {
		panic("apitest: no PEM")
	}
	return b.Bytes
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
