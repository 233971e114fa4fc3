// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// rotate rotates and waits. then is done once Magnum was asked, a moment later.
func (s *site) rotate(confirm func(), then func()) (*plugin.RotateResult, error) {
	s.t.Helper()
	var asked atomic.Bool
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch && !asked.Swap(true) {
			time.AfterFunc(100*time.Millisecond, then)
		}
		return false
	})
	defer s.cloud.Intercept(nil)
	return s.Rotate(s.t.Context(), plugin.RotateRequest{
		Cluster: "prod", Wait: true, Timeout: time.Minute, Say: func(string) {},
		Confirm: func(plugin.RotatePlan) error {
			confirm()
			return nil
		},
	})
}

func (s *site) patches() int {
	n := 0
	for _, r := range s.cloud.Requests() {
		if r.Method == http.MethodPatch {
			n++
		}
	}
	return n
}

func nothing() {}

func TestRotate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		confirm, then func(*site)
		old, new      rotation.Verdict
	}{
		{"all goes well", func(*site) {}, func(s *site) { s.follow(); s.cloud.FinishRotation("prod") }, rotation.Refused, rotation.Accepted},
		{
			"the API server is away until after the end", func(s *site) { s.api.Refuse(true) },
			func(s *site) {
				s.follow()
				s.cloud.FinishRotation("prod")
				time.Sleep(7 * time.Second) // until it has been asked in vain
				s.api.Refuse(false)
			}, rotation.NotShown, rotation.Accepted,
		},
		{
			"the token ends at the prompt", func(s *site) { s.cloud.RevokeTokens("alice") },
			func(s *site) { s.follow(); s.cloud.FinishRotation("prod") }, rotation.Refused, rotation.Accepted,
		},
		{
			"the token ends meanwhile", func(*site) {},
			func(s *site) { s.cloud.RevokeTokens("alice"); s.follow(); s.cloud.FinishRotation("prod") }, rotation.Refused, rotation.Accepted,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			got, err := s.rotate(func() { test.confirm(s) }, func() { test.then(s) })
			if err != nil {
				t.Fatal(err)
			}
			if !got.Complete || got.Proof.Old != test.old || got.Proof.New != test.new || got.Before == got.Now {
				t.Errorf("got %+v", got)
			}
			s.good()
		})
	}
}

// A rotation that was there before proves nothing about the one that was asked
// for: the API server did not accept the old credential then.
func TestRotateProvesNothingByWhatWasRefusedBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cloud.Rotate("prod")
	s.cloud.FinishRotation("prod") // and the API server keeps the first CA
	got, err := s.rotate(nothing, func() { s.follow(); s.cloud.FinishRotation("prod") })
	if err != nil || got.Proof.Old != rotation.NotShown || got.Proof.New != rotation.Accepted {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What has changed while somebody thought about it is not rotated again.
func TestRotateLooksAgainAfterThePrompt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var rotated *plugin.RotatedError
	if _, err := s.rotate(s.rotated, nothing); !errors.As(err, &rotated) || s.patches() != 0 {
		t.Errorf("got %v, after %d requests", err, s.patches())
	}
}

func TestRotateEndsWithTheCluster(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.rotate(nothing, func() {
		s.cloud.SetCluster("prod", func(c *magnumtest.Cluster) { c.Status = "DELETE_IN_PROGRESS" })
	})
	var failed *plugin.RotationFailedError
	if !errors.As(err, &failed) || failed.Status != "DELETE_IN_PROGRESS" {
		t.Errorf("got %v", err)
	}
}

// Both CAs count at once, also while the API server does not answer: kubectl may
// be used from somewhere else, or before this machine can reach it again.
func TestRotatePinsBothAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.api.Refuse(true)
	got, err := s.Rotate(t.Context(), plugin.RotateRequest{
		Cluster: "prod", Confirm: func(plugin.RotatePlan) error { return nil }, Say: func(string) {},
	})
	if err != nil || got.Complete || s.pins() != 2 {
		t.Errorf("got %+v, %v, %d CAs are pinned", got, err, s.pins())
	}
	s.api.Refuse(false)
	s.pass(time.Second)
	s.good()
	s.follow()
	s.good()
}
