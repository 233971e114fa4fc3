// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// host is a name that no resolver is asked for (RFC 7686): only a proxy leads
// there.
const host = "cloud.onion"

// front is what clouds have before their services: one TLS server with a
// certificate of the cloud's own CA, and a path for each service.
type front struct {
	server *httptest.Server
	ca     authority
}

// frontOptions say how a front differs from the plainest one.
type frontOptions struct {
	listen     string // default 127.0.0.1:0
	clientCert bool   // demand one of the CA
	suffix     string // of the endpoint in the catalog
	named      bool   // the catalog names host
}

func newFront(t *testing.T, s *magnumtest.Server, o frontOptions) *front {
	t.Helper()
	f := &front{ca: newAuthority(t)}
	mux := http.NewServeMux()
	mux.Handle("/identity/", http.StripPrefix("/identity", proxyTo(t, s.KeystoneURL(), func(r *http.Response) error {
		return f.rewriteCatalog(r, o)
	})))
	mux.Handle("/container-infra/", http.StripPrefix("/container-infra", proxyTo(t, s.MagnumURL(), nil)))
	f.server = httptest.NewUnstartedServer(mux)
	if o.listen != "" {
		_ = f.server.Listener.Close()
		listener, err := net.Listen("tcp", o.listen)
		if err != nil {
			t.Skipf("no IPv6 on this machine: %v", err)
		}
		f.server.Listener = listener
	}
	f.server.TLS = &tls.Config{Certificates: []tls.Certificate{f.ca.issue(t, "front")}}
	if o.clientCert {
		f.server.TLS.ClientAuth, f.server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, f.ca.pool()
	}
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.server.StartTLS()
	t.Cleanup(f.server.Close)
	return f
}

// address is host:port as the world reaches it.
func (f *front) address() string { return f.server.Listener.Addr().String() }

// base is the front's URL, by its address or by its name.
func (f *front) base(named bool) string {
	if named {
		return "https://" + host
	}
	return "https://" + f.address()
}

func proxyTo(t *testing.T, raw string, change func(*http.Response) error) http.Handler {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = ""
	return &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(u) },
		ModifyResponse: change,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
}

// rewriteCatalog puts two regions into what Keystone says of a token. There is
// a Magnum in one of them only.
func (f *front) rewriteCatalog(r *http.Response, o frontOptions) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	var answer map[string]map[string]any
	if json.Unmarshal(body, &answer) == nil && answer["token"] != nil {
		base := f.base(o.named)
		answer["token"]["catalog"] = []any{map[string]any{"type": "container-infra", "endpoints": []any{
			map[string]any{"interface": "public", "region": "Empty", "region_id": "Empty", "url": base + "/nothing" + o.suffix},
			map[string]any{"interface": "public", "region": "Full", "region_id": "Full", "url": base + "/container-infra" + o.suffix},
		}}}
		if body, err = json.Marshal(answer); err != nil {
			return err
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// authority is a cloud's own CA.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cloud"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return authority{sign(t, template, template, key, key), key}
}

func (a authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue makes a certificate that serves for a server and for a client.
func (a authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	cert := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{host}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.certificate, key, a.key)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func keyPEM(t *testing.T, c tls.Certificate) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// tunnel is a proxy that leads to a front, whatever it is asked for, and keeps
// what that was.
type tunnel struct {
	server *httptest.Server
	asked  chan string
}

func newTunnel(t *testing.T, f *front) tunnel {
	t.Helper()
	p := tunnel{asked: make(chan string, 100)}
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked <- r.Method + " " + r.Host
		near, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", f.address())
		if err != nil {
			return
		}
		defer far.Close()
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near) }()
		_, _ = io.Copy(near, far)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// requests is what the proxy was asked for.
func (p tunnel) requests() string {
	var all []string
	for {
		select {
		case one := <-p.asked:
			all = append(all, one)
		default:
			return strings.Join(all, ", ")
		}
	}
}
