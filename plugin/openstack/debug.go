// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// exchange is a request that is over, for a line of [Options.Debug]. Nothing of
// a body is told, and of headers the request id alone.
type exchange struct {
	req   *http.Request
	resp  *http.Response // nil if there was none
	err   error          // why the answer is not taken
	known secrets        // what the line must not hold
	took  time.Duration
}

// line is one line about e. login is the type of the secret that a login carries.
func (e exchange) line(login string) string {
	carried := login
	if e.req.Header.Get("X-Auth-Token") != "" {
		carried = "token"
	}
	words := []string{e.req.Method, e.known.said(cleanURL(e.req.URL.String()))}
	if e.resp == nil {
		words = append(words, "failed after")
	} else {
		words = append(words, fmt.Sprint(e.resp.StatusCode))
		if id := requestID(e.resp, e.known); id != "" {
			words = append(words, id)
		}
	}
	words = append(words, fmt.Sprintf("%d ms (%s)", e.took.Milliseconds(), carried))
	return strings.Join(words, " ") + colon(e.cause())
}

// cause is why the answer is not taken, where the status does not say it, in
// words that are none of the server's: those can be a header or a body.
func (e exchange) cause() string {
	_, failed := errors.AsType[*statusError](e.err)
	_, network := errors.AsType[net.Error](e.err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](e.err)
	switch {
	case e.err == nil, failed:
		return ""
	case network, untrusted, errors.Is(e.err, context.DeadlineExceeded), errors.Is(e.err, context.Canceled),
		errors.Is(e.err, io.EOF), errors.Is(e.err, io.ErrUnexpectedEOF):
		return e.err.Error()
	}
	return "this is no answer of OpenStack's API"
}

// carries is the type of the secret that a login sends.
func (c Cloud) carries() string {
	switch c.Method {
	case methodApplicationCredential:
		return "application credential secret"
	case methodTokenCommand:
		return methodToken
	}
	return c.Method
}

// source says where cloud comes from, and which variables and flags have a part
// in it: names, and never the values that can be secret.
func (d definition) source(cloud Cloud) string {
	from := cloud.String()
	if d.file != "" {
		from += fmt.Sprintf(" of %q", d.file)
	}
	if cloud.Region != "" {
		from += fmt.Sprintf(", region %q", cloud.Region)
	}
	from += fmt.Sprintf(", %s interface, method %s, Keystone at %s", cloud.Interface, cloud.Method, cloud.AuthURL)
	if cloud.Kept {
		from += ", kept by " + fromKept
	}
	if cloud.Insecure {
		from += ", certificates not verified"
	}
	named := map[string]bool{}
	for _, set := range d.values {
		if set.from != "" && set.from != fromKept {
			named[set.from] = true
		}
	}
	if len(named) > 0 {
		from += ", with " + strings.Join(slices.Sorted(maps.Keys(named)), ", ")
	}
	return "the login is " + from
}

// tellSource is a line about what [Resolve] found.
func (o Options) tellSource(d definition, cloud Cloud, err error) {
	if o.Debug == nil {
		return
	}
	if err == nil {
		o.Debug(d.source(cloud))
		return
	}
	line := "there is no login: " + err.Error()
	if none, ok := errors.AsType[*NoCloudError](err); ok {
		line += list("; looked for ", none.Searched)
	}
	o.Debug(line)
}
