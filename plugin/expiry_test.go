// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"net/http"
	"testing"
	"time"
)

// client-go breaks its connections if an answer's end is in the past, and it may
// pass while the API server is asked.
func TestAnAnswersEndIsNeverInThePast(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(1500 * time.Millisecond)
		w.WriteHeader(http.StatusOK)
	}
	s := newTokens(t)
	s.fine()
	s.pass(s.State.Credential(s.identity().Key()).Until.Add(-5*time.Minute).Sub(s.now()) - 500*time.Millisecond)
	s.api.Answer(slow)
	if got := s.fine(); !got.expires.After(s.now()) || got.expires.Sub(s.now()) > 2*time.Second {
		t.Errorf("a token, until %s", got.expires.Sub(s.now()))
	}
	c := newSite(t)
	c.good()
	c.pass(c.State.Credential(c.identity().Key()).Until.Sub(c.now()) - 500*time.Millisecond)
	c.api.Answer(slow)
	if got := c.ask(); got.err != nil || !got.expires.After(c.now()) || got.expires.Sub(c.now()) > 2*time.Second {
		t.Errorf("a certificate: %v, until %s", got.err, got.expires.Sub(c.now()))
	}
}
