// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// outage has Keystone answer with a status.
func (s tokens) outage(status int) {
	s.cloud.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	})
}

// While Keystone is down the old token does for as long as it lives.
func TestATokenServesWhileKeystoneIsDown(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	end := s.now().Add(time.Hour)
	s.pass(56 * time.Minute)
	s.outage(http.StatusServiceUnavailable)
	for range 2 {
		if got := s.fine(); got.token != first.token || got.expires.Before(s.now()) || got.expires.After(end) {
			t.Errorf("got another, or until %s of %s", got.expires, end)
		}
	}
	s.cloud.Intercept(nil)
	if got := s.fine(); got.token == first.token {
		t.Error("it is not replaced when Keystone is back")
	}
}

// It is not handed out if anybody has something against it.
func TestATokenAtItsEndIsRefused(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(tokens){
		"Keystone refuses the login": func(s tokens) { s.outage(http.StatusUnauthorized) },
		"the API server refuses it":  func(s tokens) { s.api.TakeTokens(nil) },
		"the API server is somebody else": func(s tokens) {
			ca, _ := s.cloud.CA("prod")
			s.api.ServeStranger(ca)
		},
		"it is revoked": func(s tokens) {
			if _, err := s.logout("prod"); err != nil {
				s.t.Error(err)
			}
			s.restore(s.store.all[len(s.store.all)-1])
		},
		"its end has come": func(s tokens) { s.pass(3*time.Minute + 51*time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTokens(t)
			s.fine()
			s.pass(56 * time.Minute)
			s.outage(http.StatusServiceUnavailable)
			edit(s)
			var service *openstack.ServiceError
			var refused *openstack.AuthError
			if got := s.take(); !errors.As(got.err, &service) && !errors.As(got.err, &refused) {
				t.Errorf("got %v", got.err)
			}
		})
	}
}
