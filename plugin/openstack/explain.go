// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/gophercloud/gophercloud/v2"
)

// Explain turns an error of a request to service ("Keystone", "Magnum") into
// one of this package's types: [*AuthError], [*ServiceError],
// [*BadAnswerError], [*UnreachableError]. An error that already is one of them
// keeps its data; context.Canceled and context.DeadlineExceeded stay visible to
// errors.Is. Explain(service, nil) is nil.
func Explain(service string, err error) error {
	if err == nil {
		return nil
	}
	if bad, ok := errors.AsType[*BadAnswerError](err); ok {
		named := *bad
		named.Service = service
		return &named
	}
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		return explainStatus(service, status)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("asking %s: %w", service, context.Canceled)
	}
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return &UnreachableError{Service: service, URL: cleanURL(failed.URL), Err: failed.Err}
	}
	if reason := jsonFault(err); reason != "" {
		return &BadAnswerError{Service: service, Reason: reason}
	}
	return err
}

func explainStatus(service string, e gophercloud.ErrUnexpectedResponseCode) error {
	detail := errorDetail(e.Body)
	switch {
	case e.Actual == http.StatusUnauthorized:
		return &AuthError{Service: service, Detail: detail}
	case e.Actual < 400:
		return &BadAnswerError{Service: service, URL: cleanURL(e.URL), Reason: fmt.Sprintf("has the status %d", e.Actual)}
	}
	wait, _ := retryAfter(e.ResponseHeader)
	return &ServiceError{
		Service: service, Method: e.Method, URL: cleanURL(e.URL), Code: e.Actual,
		Detail: detail, RequestID: oneLine(e.ResponseHeader.Get("X-Openstack-Request-Id")), RetryAfter: wait,
	}
}

// jsonFault says what is wrong with JSON that could not be decoded, "" if err
// is not about JSON. The decoder's own words are not used: they quote the text.
func jsonFault(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Sprintf("has a JSON %s where %q should be of another type", wrong.Value, wrong.Field)
	}
	if _, ok := errors.AsType[*json.SyntaxError](err); ok {
		return "is not JSON"
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return "is cut short"
	}
	return ""
}

// cleanURL is raw without user, password, query and fragment.
func cleanURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an invalid URL"
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	return u.String()
}
