// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// rotates has prod rotated, and does what happens once Magnum has begun.
func (s *site) rotates(timeout time.Duration, begun func()) (*plugin.RotateResult, error) {
	return s.Rotate(s.t.Context(), plugin.RotateRequest{
		Cluster: "prod", Wait: true, Timeout: timeout,
		Confirm: func(plugin.RotatePlan) error { return nil },
		Say: func(line string) {
			if strings.HasPrefix(line, "Magnum rotates the CA") {
				begun()
			}
		},
	})
}

// A rotation that is complete for Magnum is believed once the API server has
// shown it: the new certificate is accepted, and the old one is not.
func TestProof(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		does     func(s *site, old []byte) // the API server, when Magnum is done
		old, new rotation.Verdict
		proved   bool
	}{
		{"it follows", func(*site, []byte) {}, rotation.Refused, rotation.Accepted, true},
		{"it takes the old one too", func(s *site, old []byte) {
			ca, _ := s.cloud.CA("prod")
			s.api.Trust(ca, old)
		}, rotation.Accepted, rotation.Accepted, false},
		{"it takes the old one alone", func(s *site, old []byte) { s.api.Trust(old) }, rotation.NotShown, rotation.Refused, false},
		{"it follows late", func(s *site, old []byte) {
			s.api.Trust(old)
			time.AfterFunc(500*time.Millisecond, s.follow)
		}, rotation.Refused, rotation.Accepted, true},
		{"it takes none", func(s *site, _ []byte) { s.api.Trust() }, rotation.NotShown, rotation.Refused, false},
		{"it does not answer", func(s *site, _ []byte) { s.api.Refuse(true) }, rotation.NotShown, rotation.NotShown, true},
		{"it is a stranger", func(s *site, old []byte) { s.api.ServeStranger(old) }, rotation.NotShown, rotation.NotShown, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			old, _ := s.cloud.CA("prod")
			s.Progress = func(line string) {
				switch {
				case strings.HasPrefix(line, "asking the API server"):
					test.does(s, old)
				case strings.HasPrefix(line, "waiting for the API server"):
					s.pass(20 * time.Second)
				}
			}
			got, err := s.rotates(time.Minute, func() {
				s.follow()
				s.cloud.FinishRotation("prod")
			})
			var not *plugin.NotProvedError
			switch {
			case err == nil && (!test.proved || got.Proof.Old != test.old || got.Proof.New != test.new || !got.Complete):
				t.Errorf("got %+v", got)
			case err != nil && (!errors.As(err, &not) || test.proved || not.Proof.Old != test.old || not.Proof.New != test.new):
				t.Errorf("got %v", err)
			}
			if s.patches() != 1 {
				t.Errorf("%d rotations were asked for", s.patches())
			}
		})
	}
}

// The certificates of the proof are of nobody who may do anything.
func TestTheProofIsOfNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var asked atomic.Int32
	_, err := s.rotates(time.Minute, func() {
		s.cloud.FinishRotation("prod")
		s.follow()
		s.api.Answer(func(_ http.ResponseWriter, r *http.Request) {
			who := r.TLS.PeerCertificates[0].Subject
			if asked.Add(1); who.CommonName != "kubectl-magnum-rotation" || len(who.Organization) > 0 {
				t.Errorf("shown a certificate of %s", who)
			}
			s.api.Answer(nil)
		})
	})
	if err != nil || asked.Load() != 1 {
		t.Errorf("got %v, %d requests", err, asked.Load())
	}
}

// What goes wrong while it is waited for ends the wait only if it will not pass.
func TestRotationIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		wrong func(s *site)
		good  bool
	}{
		{"the login ends", func(s *site) { s.cloud.RevokeTokens("alice") }, true},
		{"Magnum is ill", func(s *site) {
			var ill atomic.Bool
			s.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasPrefix(r.URL.Path, "/v1/clusters/") || ill.Swap(true) {
					return false
				}
				w.WriteHeader(http.StatusInternalServerError)
				return true
			})
		}, true},
		{"the cluster is gone", func(s *site) { s.cloud.RemoveCluster("prod") }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			var once atomic.Bool
			s.Progress = func(line string) {
				if strings.Contains(line, "is UPDATE_IN_PROGRESS since") && !once.Swap(true) {
					s.cloud.FinishRotation("prod")
					s.follow()
					test.wrong(s)
				}
			}
			got, err := s.rotates(20*time.Second, func() {})
			var gone *magnum.NotFoundError
			switch {
			case test.good && (err != nil || !got.Complete || s.pins() != 1):
				t.Errorf("got %+v, %v, %d pins", got, err, s.pins())
			case !test.good && !errors.As(err, &gone):
				t.Errorf("got %v", err)
			}
		})
	}
}

// A no leaves everything as it was.
func TestRotationIsNotBegun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	before, _ := s.cloud.CA("prod")
	for name, r := range map[string]plugin.RotateRequest{
		"no":           {Cluster: "prod", Confirm: func(plugin.RotatePlan) error { return errors.New("no") }},
		"another name": {Cluster: "prod", AssumeDriver: "prod2", Confirm: func(plugin.RotatePlan) error { return nil }},
	} {
		r.Say = func(string) {}
		if _, err := s.Rotate(t.Context(), r); err == nil {
			t.Errorf("%s: it was rotated", name)
		}
	}
	after, _ := s.cloud.CA("prod")
	if string(before) != string(after) || s.patches() > 0 || s.signed() > 0 {
		t.Errorf("%d rotations, %d signatures", s.patches(), s.signed())
	}
	if _, begun := s.State.Rotation(s.uuid()); begun {
		t.Error("one is remembered")
	}
	if ca, err := pki.ParseCertificate(after); err != nil || !s.State.Cluster(s.uuid()).Pinned[0].Equal(ca) {
		t.Errorf("the pins changed, %v", err)
	}
}
