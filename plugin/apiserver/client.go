// SPDX-License-Identifier: Apache-2.0

// Package apiserver asks a cluster's API server for what short-lived
// certificates need: a signature, by the CertificateSigningRequest API, and the
// role binding of the group that they are for.
//
// It decides nothing and believes nothing: who the server is, its caller's
// transport has made sure of, and what it signs is its caller's to check. Nothing
// but a watch that ends early is asked for again, and no redirect followed. There is no promise of API
// stability.
package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	answerMax  = 1 << 20          // of an answer is read
	answerTime = 10 * time.Second // for an answer; a watch has its own
)

// Client asks one API server, with one credential. It may be used concurrently.
type Client struct {
	Server string // URL, https
	// Transport shows the credential to the API server, and to nobody else.
	Transport http.RoundTripper
	UserAgent string
	Now       func() time.Time
	// Debug is told of each request in a line, to be escaped. Nil for nobody.
	Debug func(line string)
}

// UnreachableError is an API server that has not answered.
type UnreachableError struct {
	Server string // its URL, without a password
	Err    error
}

func (e *UnreachableError) Error() string { return "the API server does not answer: " + e.Err.Error() }
func (e *UnreachableError) Unwrap() error { return e.Err }

func (c *Client) unreachable(err error) error {
	server := ""
	if u, err := url.Parse(c.Server); err == nil {
		server = u.Redacted()
	}
	return &UnreachableError{Server: server, Err: err}
}

// StatusError is an API server that refuses a request, by the status that it gives
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
type StatusError struct {
	What    string // was asked for
	Code    int
	Message string // the server's words; "" if there are none
}

func (e *StatusError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the API server refuses to %s (%d)", e.What, e.Code)
	}
	return fmt.Sprintf("the API server refuses to %s (%d): %s", e.What, e.Code, e.Message)
}

// Passes says whether it may be another answer in a while.
func (e *StatusError) Passes() bool {
	return e.Code == http.StatusTooManyRequests || e.Code >= http.StatusInternalServerError
}

// ErrNotKubernetes is an answer that no API server gives.
var ErrNotKubernetes = errors.New("the API server's answer cannot be read")

// request is a question to an API server.
type request struct {
	what        string // for errors: "to ..."
	method      string
	path        []string
	query       url.Values
	contentType string // of body; "" for JSON
	body        any    // nil for none
}

// send asks. Its caller closes the body of the answer, which is a good one.
func (c *Client) send(ctx context.Context, q request) (*http.Response, error) {
	asked, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	start := c.Now()
	answer, err := c.Transport.RoundTrip(asked)
	if err != nil {
		c.debug(asked, "%v", err)
		return nil, c.unreachable(err)
	}
	c.debug(asked, "%d (%s)", answer.StatusCode, c.Now().Sub(start).Round(time.Millisecond))
	if answer.StatusCode/100 == 2 {
		return answer, nil
	}
	defer func() { _ = answer.Body.Close() }()
	var status struct {
		Message string `json:"message"`
	}
	_ = json.NewDecoder(io.LimitReader(answer.Body, answerMax)).Decode(&status) // others than Kubernetes have none
	return nil, &StatusError{What: q.what, Code: answer.StatusCode, Message: cut(status.Message)}
}

func (c *Client) request(ctx context.Context, q request) (*http.Request, error) {
	server, err := url.Parse(c.Server)
	if err != nil || server.Scheme != "https" || server.Host == "" {
		return nil, errors.New("the API server's address is not an https URL")
	}
	var body io.Reader
	if q.body != nil {
		data, err := json.Marshal(q.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	at := server.JoinPath(q.path...)
	at.RawQuery = q.query.Encode()
	r, err := http.NewRequestWithContext(ctx, q.method, at.String(), body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", c.UserAgent)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.contentType != "" {
		r.Header.Set("Content-Type", q.contentType)
	}
	return r, nil
}

func (c *Client) debug(r *http.Request, format string, args ...any) {
	if c.Debug != nil {
		c.Debug(fmt.Sprintf("%s %s: ", r.Method, r.URL.Redacted()) + fmt.Sprintf(format, args...))
	}
}

// ask reads the answer to q into v, and returns its Date header, zero if it has
// none.
func (c *Client) ask(ctx context.Context, q request, v any) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	answer, err := c.send(ctx, q)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(answer.Body, answerMax))
	if err != nil {
		return time.Time{}, c.unreachable(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return time.Time{}, ErrNotKubernetes
	}
	date, _ := http.ParseTime(answer.Header.Get("Date")) // zero if there is none
	return date, nil
}

// cut is a server's words, as far as they fit a line.
func cut(words string) string {
	const most = 300
	if runes := []rune(words); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return words
}

// segment is whether name can be that of an object, and stand in a path by itself.
func segment(name string) bool {
	return name != "" && len(name) <= 253 && name != "." && name != ".." && !strings.ContainsAny(name, "/%")
}
