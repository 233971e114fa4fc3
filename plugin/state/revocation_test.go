// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// A time in the future was written by another clock. The certificates hold
// whatever the clocks say.
func TestRevocation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		have, want state.Revocation
	}{
		{name: "nothing"},
		{"now", state.Revocation{Before: now, InVain: now}, state.Revocation{Before: now, InVain: now}},
		{
			"revoked in the future",
			state.Revocation{Before: now.Add(1), Certificates: []string{"aa"}, InVain: now},
			state.Revocation{Certificates: []string{"aa"}, InVain: now},
		},
		{
			"in vain in the future",
			state.Revocation{Before: now, Certificates: []string{"aa"}, InVain: now.Add(1)},
			state.Revocation{Before: now, Certificates: []string{"aa"}},
		},
	} {
		d := newDir(t)
		if err := d.SetRevocation(id, test.have); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, d.Revocation(id, now)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

// What is revoked once stays revoked, also where the clock is set back.
func TestRevocationWith(t *testing.T) {
	t.Parallel()
	before := state.Revocation{Before: now, Certificates: []string{"aa", "bb"}, InVain: now}
	for _, test := range []struct {
		name        string
		certificate string
		at          time.Time
		want        state.Revocation
	}{
		{"later", "", now.Add(90*time.Second + 999), state.Revocation{Before: now.Add(90 * time.Second), Certificates: []string{"aa", "bb"}, InVain: now}},
		{"earlier", "", now.Add(-time.Hour), before},
		{"a certificate", "cc", now, state.Revocation{Before: now, Certificates: []string{"aa", "bb", "cc"}, InVain: now}},
		{"one that is already", "aa", now, before},
	} {
		if diff := cmp.Diff(test.want, before.With(test.certificate, test.at)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
	if at := before.With("", now.In(time.FixedZone("", 3600)).Add(time.Second)).Before; at.Location() != time.UTC {
		t.Errorf("kept in the zone %s", at.Location())
	}
}

func TestRevocationKeepsTheLast(t *testing.T) {
	t.Parallel()
	var r state.Revocation
	for i := range 20 {
		r = r.With(fmt.Sprintf("%02d", i), now)
	}
	if len(r.Certificates) != 16 || r.Certificates[0] != "04" || r.Certificates[15] != "19" {
		t.Errorf("got %q", r.Certificates)
	}
	r.Certificates = append(make([]string, 0, 4), "a", "b")
	if one, two := r.With("c", now), r.With("d", now); one.Certificates[2] != "c" || two.Certificates[2] != "d" {
		t.Errorf("they share their memory: %q, %q", one.Certificates, two.Certificates)
	}
}
