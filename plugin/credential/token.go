// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"errors"
	"strings"
	"time"
)

// ErrNotToken is a token that cannot be sent to an API server.
var ErrNotToken = errors.New("Keystone's token has characters that do not fit a header") //nolint:staticcheck // Keystone is a name

// NewTokenRecord makes the record of a token that Keystone has just given or
// confirmed. The error is [ErrNotToken].
func NewTokenRecord(id Identity, token string, expires, now time.Time) (*Record, error) {
	if !isBearer(token) {
		return nil, ErrNotToken
	}
	return &Record{
		Identity: id.Key(),
		Cluster:  id.Cluster,
		Token:    token,
		Expires:  expires.UTC().Truncate(time.Second),
		Issued:   now.UTC().Truncate(time.Second),
	}, nil
}

func decodeToken(wire wireRecord) (*Record, error) {
	if !isBearer(wire.Token) {
		return nil, errMalformed
	}
	return &Record{
		Identity: wire.Identity,
		Cluster:  wire.Cluster,
		Token:    wire.Token,
		Expires:  time.Unix(wire.Expires, 0).UTC(),
		Issued:   time.Unix(wire.Issued, 0).UTC(),
	}, nil
}

// isBearer says whether s has the form of RFC 6750, section 2.1. Tokens of every
// format that Keystone ever had do.
func isBearer(s string) bool {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"
	body := strings.TrimRight(s, "=")
	return body != "" && strings.Trim(body, chars) == ""
}
