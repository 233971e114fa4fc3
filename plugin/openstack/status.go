// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// statusError is an answer whose status means failure. [Explain] makes an error
// for callers of it.
type statusError struct {
	code       int
	method     string
	url        string
	detail     string
	requestID  string
	retryAfter time.Duration
	saidWhen   bool // it has a Retry-After
	page       bool // it was no JSON: something in the service's place answered
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: status %d%s", e.method, e.url, e.code, colon(e.detail))
}

// requestIDForm is that of any id in use; OpenStack's own are req- and a UUID.
var requestIDForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Za-z._-]{1,100}$`)
})

// requestID is the id by which the operator finds the request, "" if there is
// none or if it is none.
func requestID(resp *http.Response, known secrets) string {
	id := known.said(resp.Header.Get("X-Openstack-Request-Id"))
	if !requestIDForm().MatchString(id) {
		return ""
	}
	return id
}

// newStatusError takes from the answer to req what errors tell. known must not
// be among it.
func newStatusError(req *http.Request, resp *http.Response, body []byte, known secrets) *statusError {
	e := &statusError{
		code: resp.StatusCode, method: req.Method, url: cleanURL(req.URL.String()),
		detail:    known.said(errorDetail(body)),
		requestID: requestID(resp, known),
		page:      len(body) > 0 && !json.Valid(body),
	}
	e.retryAfter, e.saidWhen = retryAfter(resp.Header)
	return e
}

func (e *statusError) explain(service string) error {
	if e.code == http.StatusUnauthorized {
		return &AuthError{Service: service, Detail: e.detail}
	}
	return &ServiceError{
		Service: service, Method: e.method, URL: e.url, Code: e.code,
		Detail: e.detail, RequestID: e.requestID, RetryAfter: e.retryAfter,
	}
}
