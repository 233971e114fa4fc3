// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
)

func httpServer(h http.Handler) *httptest.Server { return httptest.NewServer(h) }

// tlsServer has a certificate that nobody trusts, and says nothing about those
// who tell it so.
func tlsServer(h http.Handler) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	return s
}

func jsonAnswer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
