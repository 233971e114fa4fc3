// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

func TestSuspicious(t *testing.T) {
	t.Parallel()
	const lease = time.Minute
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	me, other := process.ID{PID: 1, Start: "a"}, process.ID{PID: 2, Start: "b"}
	for _, test := range []struct {
		name     string
		verified time.Duration // ago; negative: never
		answers  []state.Answer
		parent   process.ID
		want     bool
	}{
		{"never verified", -1, nil, me, true},
		{"just verified", 0, nil, me, false},
		{"verified nearly a lease ago", lease - 1, nil, me, false},
		{"verified a lease ago", lease, nil, me, true},

		{"the same client again", 30 * time.Second, []state.Answer{{Parent: me, At: ago(20 * time.Second)}}, me, true},
		{"the same client again, verified since", 2 * time.Second, []state.Answer{{Parent: me, At: ago(20 * time.Second)}}, me, true},
		{"the same client again, verified just now", time.Second / 2, []state.Answer{{Parent: me, At: ago(20 * time.Second)}}, me, false},
		{"the same client again, answered since it was verified", time.Second / 2, []state.Answer{{Parent: me, At: ago(time.Second / 4)}}, me, true},
		{"the same client, its lease is over", 30 * time.Second, []state.Answer{{Parent: me, At: ago(lease)}}, me, false},
		{"another client long ago", 30 * time.Second, []state.Answer{{Parent: other, At: ago(20 * time.Second)}}, me, false},
		{"the same pid, another process", 30 * time.Second, []state.Answer{{Parent: process.ID{PID: 1, Start: "z"}, At: ago(20 * time.Second)}}, me, false},
		{"clients that the system does not tell apart", 30 * time.Second, []state.Answer{{At: ago(20 * time.Second)}}, process.ID{}, false},

		{"repeated after an unverified answer", 30 * time.Second, []state.Answer{{Parent: other, At: ago(2 * time.Second)}}, me, true},
		{"repeated soon after a verification", 2 * time.Second, []state.Answer{{Parent: other, At: ago(time.Second)}}, me, true},
		{"repeated after a verified answer", 2 * time.Second, []state.Answer{{Parent: other, At: ago(2 * time.Second)}}, me, false},
		{"repeated 10 s later", 30 * time.Second, []state.Answer{{Parent: other, At: ago(10 * time.Second)}}, me, false},
		{"repeated at once", 30 * time.Second, []state.Answer{{Parent: other, At: ago(time.Millisecond)}}, me, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			u := state.Use{Answers: test.answers}
			if test.verified >= 0 {
				u.Verified = ago(test.verified)
			}
			if got := suspicious(u, lease, test.parent, now); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// However long it took, as where the machine slept meanwhile.
func TestPauseAfter(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{
		0: 0, time.Millisecond: 15 * time.Millisecond, 2 * time.Second: 30 * time.Second, time.Hour: 30 * time.Second,
	} {
		if got := pauseAfter(took, time.Unix(1e9, 0)); got != (state.Pause{From: time.Unix(1e9, 0), For: want}) {
			t.Errorf("%+v after %s", got, took)
		}
	}
}

// A call every 11 s, each from another client, is verified once per lease.
func TestSteadyUseIsVerifiedOncePerLease(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	u, verified := state.Use{Verified: now}, 0
	for i := range 120 {
		now = now.Add(11 * time.Second)
		client := process.ID{PID: i + 1}
		if suspicious(u, time.Minute, client, now) {
			u.Verified = now
			verified++
		}
		u = u.Answered(client, now)
	}
	if minutes := 120 * 11 / 60; verified > minutes {
		t.Errorf("verified %d times in %d leases", verified, minutes)
	}
}

// Clients that follow one another at any pace: of two in a row at least one is
// verified.
func TestQuickUseIsVerifiedEverySecondTime(t *testing.T) {
	t.Parallel()
	for _, pace := range []time.Duration{time.Millisecond, 100 * time.Millisecond, time.Second / 2, time.Second, 9 * time.Second} {
		now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
		u, unverified := state.Use{Verified: now}, 0
		for i := range 100 {
			now = now.Add(pace)
			client := process.ID{PID: i + 1}
			unverified++
			if suspicious(u, time.Hour, client, now) {
				u.Verified, unverified = now, 0
			}
			u = u.Answered(client, now)
			if unverified > 1 {
				t.Fatalf("every %s: two in a row unverified", pace)
			}
		}
	}
}
