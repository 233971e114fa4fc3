// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

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
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.explain(service)
	}
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		return &BadAnswerError{Service: service, URL: cleanURL(status.URL), Reason: fmt.Sprintf("has the status %d", status.Actual)}
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
	return secrets(nil).harmless(err)
}

// jsonFault says what is wrong with JSON that could not be decoded, "" if err
// is not about JSON. The decoder's own words are not used: they quote the text.
func jsonFault(err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrong.Value, " ") // of a number it also has the digits
		return fmt.Sprintf("has a JSON %s where %q should be of another type", kind, wrong.Field)
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
