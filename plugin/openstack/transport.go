// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	// answerMax is the longest body of an answer that is taken, in bytes.
	answerMax = 8 << 20
	// headerMax is the same for its header. Tokens and cookies fit well.
	headerMax = 256 << 10
)

const (
	// connectMax is how long a connection may take to be made, again to agree
	// on TLS, and to stay idle.
	connectMax = 10 * time.Second
	// requestMax is how long one request may take, its answer's body included.
	// Magnum itself takes a minute over some.
	requestMax = 90 * time.Second
)

// newTransport is one login's own, with the proxies of the process's
// environment and our trust. It speaks HTTP/1.1 only: Go's HTTP/2 prints
// headers and bodies, so tokens and passwords, when GODEBUG has http2debug=2,
// which somebody else's kubeconfig can set.
func newTransport(trust *tls.Config) *http.Transport {
	dialer := net.Dialer{Timeout: connectMax}
	var http1 http.Protocols
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: connectMax,
		Protocols:           &http1,

		MaxResponseHeaderBytes: headerMax,
		IdleConnTimeout:        connectMax,
	}
}

// guard passes on only answers that the callers can use: whole, not too long,
// JSON, and not of a status that means failure. Others become a
// *BadAnswerError without Service or a *statusError here, where both the answer
// and what must not be told of it are at hand.
type guard struct {
	base    http.RoundTripper
	secrets secrets          // what a login sends
	now     func() time.Time // nil: no request is repeated
	limit   time.Duration    // for each request, see requestMax
	carries string           // the type of the secret that a login sends
	debug   func(line string)
}

// RoundTrip implements http.RoundTripper. It never answers with a redirect, so
// that no client follows one with a token or a password.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	for tries := 0; ; tries++ {
		resp, err := g.ask(req)
		failed, ok := errors.AsType[*statusError](err)
		if !ok {
			return resp, err
		}
		wait, again := g.pause(req, failed, tries)
		if again && g.debug != nil {
			g.debug(fmt.Sprintf("asking again in %v", wait))
		}
		if !again || !sleep(req.Context(), wait) {
			return nil, err
		}
	}
}

// ask makes one request. All of its answer is here when it returns.
func (g *guard) ask(req *http.Request) (_ *http.Response, err error) {
	ctx, stop := context.WithTimeoutCause(req.Context(), g.limit, tooLongError{g.limit})
	defer stop()
	known := append(slices.Clone(g.secrets), req.Header.Get("X-Auth-Token"), req.Header.Get("X-Subject-Token"))
	var resp *http.Response
	if g.debug != nil && g.now != nil {
		start := g.now()
		defer func() { g.debug(exchange{req, resp, err, known, g.now().Sub(start)}.line(g.carries)) }()
	}
	resp, err = g.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, known.harmless(tooLong(ctx, err))
	}
	defer func() { _ = resp.Body.Close() }()
	known = append(known, resp.Header.Get("X-Subject-Token"))
	at := cleanURL(req.URL.String())
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, &BadAnswerError{URL: at, Reason: "is a redirect" + redirectHost(resp, known)}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, &BadAnswerError{URL: at, Reason: "is cut short"}
	case err != nil:
		return nil, known.harmless(tooLong(ctx, err))
	case len(body) > answerMax:
		return nil, &BadAnswerError{URL: at, Reason: fmt.Sprintf("is longer than %d MiB", answerMax>>20)}
	case resp.StatusCode >= 400:
		return nil, newStatusError(req, resp, body, known)
	}
	if reason := notJSON(resp.StatusCode, body, known); reason != "" {
		return nil, &BadAnswerError{URL: at, Reason: reason}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// tooLongError is about a server that did not finish its answer in time.
type tooLongError struct{ limit time.Duration }

func (e tooLongError) Error() string {
	return fmt.Sprintf("it took too long: no complete answer within %v", e.limit)
}

func (e tooLongError) Unwrap() error { return context.DeadlineExceeded }

// tooLong is err, or, if err is that a deadline has passed, an error that says
// so in plain words: ours, or that of whoever waits for the answer.
func tooLong(ctx context.Context, err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if ours, ok := errors.AsType[tooLongError](context.Cause(ctx)); ok {
		return ours
	}
	return fmt.Errorf("it took too long: %w", context.DeadlineExceeded)
}

// redirectHost says where a redirect leads, without the path: login pages get
// told there what was asked, at times with what it was asked with.
func redirectHost(resp *http.Response, known secrets) string {
	to, err := resp.Location()
	if err != nil {
		return fmt.Sprintf(" (%d)", resp.StatusCode)
	}
	return fmt.Sprintf(" to %q", known.said((&url.URL{Scheme: to.Scheme, Host: to.Host}).String()))
}

// notJSON says what a body is if it is not the JSON that it ought to be.
func notJSON(status int, body []byte, known secrets) string {
	body = bytes.TrimSpace(body)
	switch {
	case json.Valid(body):
		return ""
	case len(body) == 0 && status == http.StatusNoContent:
		return ""
	case len(body) == 0:
		return "is empty"
	case body[0] == '<':
		return "is not JSON but a page: " + known.said(errorDetail(body))
	}
	var value any
	return jsonFault(json.NewDecoder(bytes.NewReader(body)).Decode(&value))
}
