// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"os"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

func TestClients(t *testing.T) {
	t.Parallel()
	d, one := newDir(t), process.ID{PID: 7, Start: "x"}
	if d.IsClient(id, one, time.Time{}, now) {
		t.Error("known before it is")
	}
	if err := d.AddClient(id, one, now); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		id         string
		parent     process.ID
		after, now time.Time
		want       bool
	}{
		{id, one, time.Time{}, now, true},
		{id, one, now.Add(-1), now.Add(time.Hour), true},
		{id, one, now, now.Add(time.Hour), false}, // somebody has logged out since
		{id, one, time.Time{}, now.Add(-1), false},
		{id, process.ID{PID: 7, Start: "y"}, time.Time{}, now, false},
		{id, process.ID{}, time.Time{}, now, false},
		{"other", one, time.Time{}, now, false},
		{"../x", one, time.Time{}, now, false},
	} {
		if got := d.IsClient(test.id, test.parent, test.after, test.now); got != test.want {
			t.Errorf("%+v: got %v", test, got)
		}
	}
	for _, id := range []string{"../x", ""} {
		if d.AddClient(id, one, now) == nil {
			t.Errorf("of %q", id)
		}
	}
	if d.AddClient(id, process.ID{}, now) == nil || (state.Dir{}).AddClient(id, one, now) == nil {
		t.Error("remembered without a name or a place")
	}
	if err := d.ForgetClients(id); err != nil || d.IsClient(id, one, time.Time{}, now) {
		t.Errorf("not forgotten: %v", err)
	}
	if err := d.ForgetClients(id); err != nil {
		t.Error(err)
	}
}

// Of many those go first that have ended.
func TestManyClients(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	alive, err := process.Lookup(os.Getpid())
	if err != nil {
		t.Skip(err)
	}
	ended := func(i int) process.ID { return process.ID{PID: 1, Start: "no " + string(rune(i+'a'))} }
	if err := d.AddClient(id, alive, now); err != nil {
		t.Fatal(err)
	}
	for i := range 258 {
		if err := d.AddClient(id, ended(i), now.Add(time.Duration(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	later := now.Add(time.Hour)
	known := func(c process.ID) bool { return d.IsClient(id, c, time.Time{}, later) }
	if !known(alive) || known(ended(0)) || known(ended(2)) || !known(ended(3)) || !known(ended(257)) {
		t.Error("others are forgotten than the first that have ended")
	}
}
