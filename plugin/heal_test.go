// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

func TestOutsideOfARotationMagnumIsNotAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	for range 20 {
		s.pass(11 * time.Second)
		got := s.good()
		if !got.cert.Equal(first.cert) {
			t.Fatal("another certificate")
		}
		if left := got.expires.Sub(s.now()); left < lease-2*time.Second || left > lease+time.Second {
			t.Errorf("the lease is %s", left)
		}
	}
	if asked := s.cloud.Requests(); len(asked) > 0 {
		t.Errorf("Magnum was asked: %v", asked)
	}
	if got, most := s.api.Connections(), 20*11/60+1; got > most {
		t.Errorf("the API server was asked %d times in %d leases", got, most)
	}
}

// The key is given up after its max age, but not while the API server takes no
// new certificate.
func TestTheWindowKeepsARecordPastItsMaxAge(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*site){
		"known":   (*site).openWindow,
		"unknown": func(s *site) { s.cloud.Rotate("prod") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first := s.good()
			open(s)
			s.pass(2 * time.Hour)
			if got := s.good(); !got.cert.Equal(first.cert) {
				t.Fatal("another certificate")
			}
			if s.pins() != 2 {
				t.Errorf("%d CAs are pinned", s.pins())
			}
			s.follow()
			got := s.good()
			if got.cert.Equal(first.cert) || s.pins() != 1 {
				t.Errorf("%d CAs are pinned, the old key is in use: %v", s.pins(), got.cert.Equal(first.cert))
			}
		})
	}
}

// Without a rotation max age is max age: two requests.
func TestMaxAgeEndsAKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.pass(time.Hour)
	if got := s.good(); got.cert.Equal(first.cert) || len(s.cloud.Requests()) != 2 {
		t.Errorf("%d requests", len(s.cloud.Requests()))
	}
}

func TestASlowAPIServerCostsItsTwoSecondsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.stall()
	s.pass(2 * lease)
	before := s.api.Connections()
	for range 5 {
		if got := s.good(); !got.cert.Equal(first.cert) {
			t.Error("another certificate")
		}
		s.pass(5 * time.Second)
	}
	if n := s.api.Connections() - before; n != 1 {
		t.Errorf("%d connections within 30 s", n)
	}
	s.api.Stall(false)
	s.pass(10 * time.Second)
	s.good()
	if n := s.api.Connections() - before; n != 2 {
		t.Errorf("%d connections after 30 s", n)
	}
	if len(s.cloud.Requests()) > 0 {
		t.Errorf("Magnum was asked: %v", s.cloud.Requests())
	}
}

// A server that restarts refuses connections and comes back with another CA:
// nobody waits half a minute to notice.
func TestARestartIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.cloud.Rotate("prod")
	s.api.Refuse(true)
	s.pass(2 * lease)
	start := time.Now()
	s.good()
	took := time.Since(start)
	s.api.Refuse(false)
	s.follow()
	s.pass(15 * took) // what it costs to notice stays small, see pauseAfter
	if got := s.ask(); got.err != nil || len(got.notices) != 1 || !strings.Contains(got.notices[0], "run the command again") {
		t.Fatalf("got %v, %q", got.err, got.notices)
	}
	s.good()
}

func TestInTheWindowARefusedCredentialIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.openWindow()
	s.api.Trust() // it restarts, and takes neither
	var inProgress *plugin.InProgressError
	got := s.askAs(process.ID{PID: 1000}, 5*time.Second)
	if !errors.As(got.err, &inProgress) || s.signed() != 1 {
		t.Fatalf("got %v, after %d signatures", got.err, s.signed())
	}
	// The next one does not have another signed, and sees it through.
	time.AfterFunc(1500*time.Millisecond, s.follow)
	s.good()
	if s.signed() != 1 {
		t.Errorf("%d signatures", s.signed())
	}
}

// Nor is a new one handed out that the API server does not take yet.
func TestInTheWindowANewCredentialIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.openWindow()
	s.forget()
	var inProgress *plugin.InProgressError
	if got := s.askAs(process.ID{PID: 1000}, 5*time.Second); !errors.As(got.err, &inProgress) || s.signed() != 1 {
		t.Errorf("got %v, after %d signatures", got.err, s.signed())
	}
	s.follow()
	s.good()
	if s.signed() != 1 {
		t.Errorf("%d signatures", s.signed())
	}
}

// Whatever a store brings back, what was revoked is not handed out again.
func TestRevokedRecordsStayRevoked(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(*site){
		"by a rotation": func(s *site) {
			s.cloud.Rotate("prod")
			s.follow()
			s.cloud.FinishRotation("prod")
		},
		"by the API server": func(s *site) { s.api.Ban() },
		"at a time before it was issued": func(s *site) {
			s.api.Ban()
			s.pass(-4*lease - lease/2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			old := s.good()
			s.pass(2 * lease)
			s.good() // shows it to the API server
			revoke(s)
			s.pass(2 * lease)
			if got := s.ask(); got.err != nil || got.cert.Equal(old.cert) {
				t.Fatalf("got %v", got.err)
			}
			s.restore(s.store.all[0])
			for _, ahead := range []time.Duration{0, -3 * lease, 2 * lease} {
				s.pass(ahead) // clocks are set back, too
				if got := s.ask(); got.err != nil || got.cert.Equal(old.cert) {
					t.Fatalf("%s later the old one is back, %v", ahead, got.err)
				}
				s.restore(s.store.all[0])
			}
		})
	}
}

func (s *site) restore(data []byte) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for key := range s.store.data {
		s.store.data[key] = data
	}
}
