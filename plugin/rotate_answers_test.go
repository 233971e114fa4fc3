// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// Whatever Magnum's answer is, it is asked once, and its CA says what became of
// it.
func TestAnAnswerThatIsNoUse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		code       int
		does       func(s *site) // Magnum, beside the answer
		unknown    bool
		good       bool
		remembered bool
	}{
		{"refused", http.StatusForbidden, func(*site) {}, false, false, false},
		{"cut off, and Magnum is gone", http.StatusGatewayTimeout, func(s *site) {
			s.cloud.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			})
		}, true, false, true},
		{"cut off, and nothing has begun", http.StatusGatewayTimeout, func(*site) {}, true, false, true},
		{"cut off, and something else has begun", http.StatusGatewayTimeout, func(s *site) {
			s.cloud.SetCluster("prod", func(c *magnumtest.Cluster) { c.Status = "UPDATE_IN_PROGRESS" })
		}, true, false, true},
		{"cut off, and it has begun", http.StatusGatewayTimeout, func(s *site) { s.cloud.Rotate("prod") }, false, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPatch {
					return false
				}
				test.does(s)
				w.WriteHeader(test.code)
				return true
			})
			s.Progress = func(line string) {
				if strings.Contains(line, "is UPDATE_IN_PROGRESS since") {
					s.cloud.FinishRotation("prod")
					s.follow()
				}
			}
			got, err := s.rotates(20*time.Second, func() {})
			_, remembered := s.State.Rotation(s.uuid())
			var unknown *plugin.RotationUnknownError
			if errors.As(err, &unknown) != test.unknown || remembered != test.remembered || s.patches() != 1 {
				t.Errorf("got %v, remembered: %v, %d rotations were asked for", err, remembered, s.patches())
			}
			if (err == nil) != test.good || err == nil && !got.Complete {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Before a rotation each key of this login is there, and none is made for
// another; afterwards the dead ones are gone, and no other.
func TestRotationChangesTheKeysItEnds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		during func(*site)
		want   func(inUse string) string // the key that is kept
		signed int
	}{
		{"nobody calls", func(*site) {}, func(string) string { return "" }, 2},
		{"somebody does", func(s *site) {
			if got := s.ask(); got.err != nil {
				s.t.Error(got.err)
			}
		}, func(inUse string) string { return inUse }, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			other := s.identity()
			other.Owner = s.cloud.UserID("bob")
			c := state.Credential{Cluster: other.Cluster, Project: other.Project, Owner: other.Owner, User: other.User, Groups: other.Groups, MaxAge: time.Hour}
			if err := s.State.AddCredential(other.Key(), c); err != nil {
				t.Fatal(err)
			}
			var inUse string
			_, err := s.rotates(time.Minute, func() {
				s.follow()
				s.cloud.FinishRotation("prod")
				s.idle()
				test.during(s)
				inUse = string(s.store.data[s.identity().Key()])
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(s.store.data[s.identity().Key()]); got != test.want(inUse) || len(s.store.data) > 1 {
				t.Errorf("another key of %d is kept", len(s.store.data))
			}
			if s.signed() != test.signed {
				t.Errorf("%d signatures", s.signed())
			}
		})
	}
}

// A file of another name than its credential has is damaged.
func TestAMisplacedCredentialIsNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, all := s.State.Credentials(s.uuid())
	if err := s.State.AddCredential("v1-cert-00", all[s.identity().Key()]); err != nil {
		t.Fatal(err)
	}
	got, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"})
	if err != nil || len(got) != 1 || len(got[0].Credentials) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}
