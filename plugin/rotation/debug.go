// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"errors"
	"fmt"
	"net/url"
)

// line is one line about a question. status is 0 if there was no answer.
func (t Target) line(d *dial, status int, seen Seen) string {
	what := "TLS handshake with " + t.address().String()
	if !d.only {
		what = "GET " + t.address().JoinPath("version").String()
	}
	took := fmt.Sprintf("%d ms", seen.Took.Milliseconds())
	switch {
	case status != 0 && d.token:
		return fmt.Sprintf("%s %d %s, with token", what, status, took)
	case status != 0 && d.asked.Load():
		return fmt.Sprintf("%s %d %s, with client certificate", what, status, took)
	case status != 0:
		return fmt.Sprintf("%s %d %s, without client certificate: the server did not ask for one", what, status, took)
	case seen.Err == nil:
		return what + " " + took
	}
	return fmt.Sprintf("%s failed after %s: %v", what, took, cause(seen))
}

// address is the server's URL without what can be secret in one.
func (t Target) address() *url.URL {
	u, err := url.Parse(t.Server)
	if err != nil {
		return &url.URL{} // prepare refuses it
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
}

// cause is why there was no answer, in words that are none of the server's.
func cause(seen Seen) error {
	if seen.Live == nil || fromNetwork(seen.Err) {
		return seen.Err
	}
	return errors.New("this is no answer of an API server")
}
