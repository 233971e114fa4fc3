// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"net/http"
	"testing"
	"time"
)

// TestUnknown has Keystone asked about what it does not know: a token that is
// revoked, expired or none. It then answers 404, which is a login refused all
// the same.
func TestUnknown(t *testing.T) {
	p := Start(t)
	withToken := func(t *testing.T, s session) user {
		u := newUser(t, nil, "")
		for name, value := range map[string]string{
			"OS_AUTH_TYPE": "token", "OS_AUTH_URL": s.keystone, "OS_TOKEN": s.token,
			"OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_NAME": "Default",
		} {
			u.Setenv(name, value)
		}
		return u
	}
	refusal := []string{"token", "hint: "}
	t.Run("good", func(t *testing.T) {
		withToken(t, login(t, p, "alice")).accepted(t, "prod")
	})
	t.Run("revoked", func(t *testing.T) {
		s := login(t, p, "alice")
		s.revoke(t)
		withToken(t, s).refused(t, 4, refusal, "config", "prod")
	})
	t.Run("garbage", func(t *testing.T) {
		s := login(t, p, "alice")
		s.token = "garbage"
		withToken(t, s).refused(t, 4, refusal, "config", "prod")
	})
	t.Run("expired", func(t *testing.T) {
		p.Set(t, "token_seconds", "2")
		s := login(t, p, "alice")
		p.Set(t, "token_seconds", "3600")
		s.untilExpired(t)
		withToken(t, s).refused(t, 4, refusal, "config", "prod")
	})
	t.Run("application credential", func(t *testing.T) {
		u := newUser(t, nil, "")
		for name, value := range map[string]string{
			"OS_AUTH_TYPE": "v3applicationcredential", "OS_AUTH_URL": login(t, p, "alice").keystone,
			"OS_APPLICATION_CREDENTIAL_ID":     "0123456789abcdef0123456789abcdef",
			"OS_APPLICATION_CREDENTIAL_SECRET": "secret",
		} {
			u.Setenv(name, value)
		}
		u.refused(t, 4, []string{"application credential", "hint: "}, "config", "prod")
	})
}

// untilExpired asks Keystone until it no longer knows the token.
func (s session) untilExpired(t *testing.T) {
	t.Helper()
	for tick := time.NewTicker(100 * time.Millisecond); ; <-tick.C {
		if status, _ := s.do(t, http.MethodGet, s.keystone+"/auth/tokens"); status == http.StatusUnauthorized || status == http.StatusNotFound {
			return
		}
	}
}
