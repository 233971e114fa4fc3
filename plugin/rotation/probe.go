// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"
)

// ProbeTime bounds one question to an API server, name resolution and TLS
// included: kubectl waits for it.
const ProbeTime = 2 * time.Second

// answerMax is how much of an answer is read.
const answerMax = 64 << 10

// Target is an API server and the way a client takes to it.
type Target struct {
	Server        string // URL, https
	ProxyURL      string // "" for the environment's proxies, as kubectl has it
	TLSServerName string // "" for the name in Server
	UserAgent     string
	Now           func() time.Time
	Within        time.Duration // bounds a question; zero for ProbeTime
	// Debug is told of each question in a line, to be escaped. Nil for nobody.
	Debug func(line string)
}

// Seen is what an API server showed of itself.
type Seen struct {
	// Live is the CA, of those it was checked by, that its chain verifies
	// under, after a handshake that proved that the server has the chain's key.
	Live *x509.Certificate
	// Stranger means that there was a chain, but none that it could prove.
	Stranger bool
	// Presented is the fingerprint of the certificate it showed last before it
	// was found to be a stranger.
	Presented string
	// Verdict is what it said of the credential.
	Verdict Verdict
	// Err is why it is neither known nor a stranger, or why it is a stranger.
	Err error
	// Silent means that it did not answer, or not in time: Err is the network's.
	Silent bool
	// Took is how long it took to find out.
	Took time.Duration
}

// Probe asks the server for /version with the credential, which leaves only for
// a server that roots verify. Redirects are not followed. It takes Within at
// the most.
//
// A 2xx means accepted, and so does a 403, unless it is about
// system:anonymous: the server then did not notice the credential. A 401 means
// refused. Anything else says nothing.
func (t Target) Probe(ctx context.Context, roots []*x509.Certificate, credential tls.Certificate) Seen {
	return t.ask(ctx, roots, shown{certificate: &credential})
}

// ProbeToken is Probe with a bearer token in place of a client certificate.
func (t Target) ProbeToken(ctx context.Context, roots []*x509.Certificate, token string) Seen {
	return t.ask(ctx, roots, shown{token: token})
}

// shown is the credential that a server gets to see; the zero shown is none.
type shown struct {
	certificate *tls.Certificate
	token       string
}

// Handshake finds out which of roots the server's chain verifies under. It has
// no credential to send, and ends before anything is asked: the handshake
// alone proves that the server has its chain's key, which the chain does not.
func (t Target) Handshake(ctx context.Context, roots []*x509.Certificate) Seen {
	return t.ask(ctx, roots, shown{})
}

func (t Target) ask(ctx context.Context, roots []*x509.Certificate, credential shown) (seen Seen) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.Within, ProbeTime))
	defer cancel()
	start, status := t.Now(), 0
	d := &dial{roots: roots, only: credential == shown{}, token: credential.token != ""}
	defer func() {
		seen.Took = t.Now().Sub(start)
		if t.Debug != nil {
			t.Debug(t.line(d, status, seen))
		}
	}()
	transport, request, err := t.prepare(d, credential)
	if err != nil {
		return Seen{Err: err}
	}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request.WithContext(httptrace.WithClientTrace(ctx, d.trace())))
	if err != nil {
		return d.seen(err)
	}
	defer func() { _ = response.Body.Close() }()
	seen, status = d.seen(nil), response.StatusCode
	body, err := io.ReadAll(io.LimitReader(response.Body, answerMax))
	if err != nil {
		seen.Err = err
		return seen
	}
	seen.Verdict, seen.Err = verdict(response.StatusCode, string(body))
	return seen
}

func verdict(status int, body string) (Verdict, error) {
	anonymous := strings.Contains(body, "system:anonymous")
	switch {
	case status >= 200 && status < 300, status == http.StatusForbidden && !anonymous:
		return Accepted, nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return Refused, nil
	}
	return NotShown, fmt.Errorf("the API server answers with %d", status)
}

// prepare makes the request and a transport of its own for it. Like the
// transport to OpenStack it speaks HTTP/1.1 only, since Go's HTTP/2 prints
// what it sends where GODEBUG says so.
func (t Target) prepare(d *dial, credential shown) (*http.Transport, *http.Request, error) {
	server, err := url.Parse(t.Server)
	if err != nil || server.Scheme != "https" || server.Host == "" {
		return nil, nil, errors.New("the API server's address is not an https URL")
	}
	request, err := http.NewRequest(http.MethodGet, server.JoinPath("version").String(), nil) //nolint:noctx // its caller adds one
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("User-Agent", t.UserAgent)
	if credential.token != "" {
		request.Header.Set("Authorization", "Bearer "+credential.token)
	}
	proxy, err := t.proxy()
	if err != nil {
		return nil, nil, err
	}
	return t.transport(d, credential, proxy), request, nil
}

// transport is one whose connections d sees, one of them at a time.
func (t Target) transport(d *dial, credential shown, proxy func(*http.Request) (*url.URL, error)) *http.Transport {
	var http1 http.Protocols
	http1.SetHTTP1(true)
	config := &tls.Config{
		RootCAs:          d.pool(),
		ServerName:       t.TLSServerName,
		MinVersion:       tls.VersionTLS12,
		Time:             t.Now,
		VerifyConnection: d.verified,
	}
	if credential.certificate != nil {
		// client-go sends it too whatever the server says it would take.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			d.asked.Store(true)
			return credential.certificate, nil
		}
	}
	return &http.Transport{
		Proxy: proxy, Protocols: &http1, DisableKeepAlives: true, MaxResponseHeaderBytes: answerMax,
		DialContext: d.connect, TLSClientConfig: config,
	}
}

// Transport returns a transport that shows a client certificate to a server that
// roots verify, and to no other, by the way that a client takes to t. Its caller
// closes its idle connections, and bounds what is asked over it.
func (t Target) Transport(roots []*x509.Certificate, credential tls.Certificate) (*http.Transport, error) {
	proxy, err := t.proxy()
	if err != nil {
		return nil, err
	}
	transport := t.transport(&dial{roots: roots}, shown{certificate: &credential}, proxy)
	transport.DisableKeepAlives = false
	return transport, nil
}

// proxy is the proxy as client-go chooses it. One that is spoken to over TLS is
// not used: Go would check it by the cluster's CAs.
func (t Target) proxy() (func(*http.Request) (*url.URL, error), error) {
	choose := http.ProxyFromEnvironment
	if t.ProxyURL != "" {
		proxy, err := url.Parse(t.ProxyURL)
		if err != nil {
			return nil, errors.New("proxy-url is no URL")
		}
		choose = http.ProxyURL(proxy)
	}
	return func(r *http.Request) (*url.URL, error) {
		proxy, err := choose(r)
		if err == nil && proxy != nil && proxy.Scheme == "https" {
			return nil, errors.New("the proxy is an https one")
		}
		return proxy, err
	}, nil
}
