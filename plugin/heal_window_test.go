// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// Whoever holds the old CA may keep it alive for as long as Magnum says that
// the rotation is under way, and no longer: not by being silent either.
func TestTheOldCAGoesWhateverTheServerSays(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]func(*site){
		"500": func(s *site) {
			s.api.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
		},
		"mute":     (*site).stall,
		"hangs up": func(s *site) { s.api.Refuse(true) },
		"nothing":  func(*site) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.good()
			s.openWindow()
			s.cloud.FinishRotation("prod") // the API server has the old CA still
			silent(s)
			s.ask()
			if pinned := s.State.Cluster(s.uuid()).Pinned; len(pinned) != 1 || !pinned[0].Equal(s.magnumCA()) {
				t.Errorf("%d CAs are pinned", len(pinned))
			}
		})
	}
}

// A rotation that was learnt of while the API server did not answer is one as
// soon as it does, and ends when it ends.
func TestTheWindowOpensOnceTheServerAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.cloud.Rotate("prod")
	s.api.Refuse(true)
	if _, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"}); err != nil || s.pins() != 1 {
		t.Fatalf("%d CAs are pinned on Magnum's word alone, %v", s.pins(), err)
	}
	s.api.Refuse(false)
	s.pass(time.Second)
	s.good()
	if s.pins() != 2 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
	s.follow()
	s.good()
	s.cloud.FinishRotation("prod")
	s.good()
	asked := s.api.Requests()
	for range 20 {
		s.pass(11 * time.Second)
		s.good()
	}
	if n, most := s.api.Requests()-asked, 20*11/60+1; n > most {
		t.Errorf("%d verifications in %d leases after the rotation", n, most)
	}
}

// A crowd in the window is one question to Magnum, and one signature if it has
// no certificate that the API server takes.
func TestACrowdInTheWindow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		make             func(*site)
		signed, requests int
	}{
		"accepted": {func(*site) {}, 0, 6},
		"refused":  {func(s *site) { s.api.Trust(); time.AfterFunc(3*time.Second, s.follow) }, 1, 60},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.good()
			s.openWindow()
			test.make(s)
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if got := s.askAs(s.newClient(), patience); got.err != nil {
						t.Error(got.err)
					}
				})
			}
			group.Wait()
			if s.signed() != test.signed || len(s.cloud.Requests()) > test.requests {
				t.Errorf("%d signatures, %d requests", s.signed(), len(s.cloud.Requests()))
			}
		})
	}
}

// config while the API server restarts in the middle of a rotation: the CA in
// use stays in use.
func TestConfigInTheWindowKeepsTheOldCA(t *testing.T) {
	t.Parallel()
	for name, learnt := range map[string]bool{"known": true, "unknown": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first := s.good()
			s.cloud.Rotate("prod")
			if learnt {
				s.good()
			}
			s.api.Refuse(true)
			r := configProd(t)
			r.Lease, r.MaxAge = lease, time.Hour
			if _, err := s.Config(t.Context(), r); err != nil || s.pins() != 2 {
				t.Fatalf("%d CAs are pinned, %v", s.pins(), err)
			}
			s.api.Refuse(false)
			s.pass(time.Second)
			if got := s.good(); !got.cert.Equal(first.cert) {
				t.Error("the key in use was given up")
			}
		})
	}
}

// A rotation that begins while config or status looks is seen as one: the status
// is read after the CA.
func TestARotationThatBeginsMeanwhileIsSeen(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*site) error{
		"config": func(s *site) error {
			r := configProd(s.t)
			r.Lease, r.MaxAge = lease, time.Hour
			_, err := s.Config(s.t.Context(), r)
			return err
		},
		"status": func(s *site) error {
			_, err := s.Status(s.t.Context(), plugin.StatusRequest{Cluster: "prod"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first := s.good()
			var once sync.Once
			s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/certificates/") {
					once.Do(func() { s.cloud.Rotate("prod") })
				}
				return false
			})
			if err := look(s); err != nil || s.pins() != 2 {
				t.Fatalf("%d CAs are pinned, %v", s.pins(), err)
			}
			s.pass(2 * lease)
			if got := s.good(); !got.cert.Equal(first.cert) {
				t.Error("the key in use was given up")
			}
		})
	}
}
