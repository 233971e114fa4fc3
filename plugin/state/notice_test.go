// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

func TestFirstNoticeIsForOneOfAll(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	for range 2 {
		var first atomic.Int32
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if d.FirstNotice("v1-cert-x") {
					first.Add(1)
				}
			})
		}
		group.Wait()
		if first.Load() != 1 {
			t.Errorf("%d were the first", first.Load())
		}
		if !d.FirstNotice("v1-cert-y") {
			t.Error("one notice hides another")
		}
		d.ForgetNotice("v1-cert-x")
		d.ForgetNotice("v1-cert-y")
	}
	if d.FirstNotice("../x") || (state.Dir{}).FirstNotice("v1-cert-x") {
		t.Error("the first one of what cannot be remembered")
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	type outage struct{ GivenUp time.Time }
	var got outage
	if d.ReadOutage("keyring", &got) {
		t.Error("there is one already")
	}
	want := outage{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
	if err := d.SetOutage("keyring", want); err != nil {
		t.Fatal(err)
	}
	if !d.ReadOutage("keyring", &got) || got != want {
		t.Errorf("got %v", got)
	}
	if d.ReadOutage("other", &got) || d.SetOutage("../keyring", want) == nil || (state.Dir{}).ReadOutage("keyring", &got) {
		t.Error("of another store, outside of the directory, or in none")
	}
	if err := os.WriteFile(filepath.Join(d.Path, "outages", "keyring.json"), []byte(`{"GivenUp":"20`), 0o600); err != nil {
		t.Fatal(err)
	}
	if d.ReadOutage("keyring", &got) {
		t.Error("what a killed process wrote in part counts")
	}
}

// What is revoked stays, as a store may bring it back.
func TestForgetCredential(t *testing.T) {
	t.Parallel()
	d, now := newDir(t), time.Now()
	const id, other = "v1-cert-x", "v1-cert-y"
	for _, key := range []string{id, other} {
		for _, err := range []error{
			d.AddCredential(key, state.Credential{Cluster: cluster, User: "alice"}),
			d.Touch(key, state.Use{Verified: now}),
			d.AddFailure(key, state.Told{At: now}, "held"),
			d.SetRevocation(key, state.Revocation{Before: now.Add(-time.Hour)}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		d.FirstNotice(key)
	}
	if err := d.ForgetCredential(id); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{id, other} {
		gone := key == id
		if c, u, f := d.Credential(key), d.Use(key, now), d.Failure(key, now); (c.User == "") != gone || u.Verified.IsZero() != gone || (f.Hold == "") != gone {
			t.Errorf("%s: %+v, %+v, %+v", key, c, u, f)
		}
		if d.FirstNotice(key) != gone || d.Revocation(key, now).Before.IsZero() {
			t.Errorf("%s: notice or revocation", key)
		}
	}
	if err := d.ForgetCredential(id); err != nil {
		t.Errorf("what is not there: %v", err)
	}
	if d.Credential("../x").User != "" || d.Use(id, now).Knows(process.ID{}) {
		t.Error("odd names")
	}
}

// A logout is of one cluster or of all; one in the future is another clock's.
func TestLogout(t *testing.T) {
	t.Parallel()
	d, now := newDir(t), time.Now()
	if !d.Logout(cluster, now).IsZero() {
		t.Error("there was one already")
	}
	for _, step := range []struct {
		cluster string
		at      time.Time
		want    time.Time // of the last one from cluster
	}{
		{dev, now.Add(-time.Hour), time.Time{}},
		{cluster, now.Add(-time.Hour), now.Add(-time.Hour)},
		{"", now.Add(-time.Minute), now.Add(-time.Minute)},
		{"", now.Add(-2 * time.Hour), now.Add(-time.Hour)},
		{"", now.Add(time.Hour), now.Add(-time.Hour)},
	} {
		if err := d.SetLogout(step.cluster, step.at); err != nil {
			t.Fatal(err)
		}
		if got := d.Logout(cluster, now); !got.Equal(step.want) {
			t.Errorf("after one from %q at %v: %v, want %v", step.cluster, step.at, got, step.want)
		}
	}
	if d.SetLogout("../x", now) == nil || (state.Dir{}).SetLogout(cluster, now) == nil {
		t.Error("an odd name, or no directory, is taken")
	}
}

func TestCheckOwner(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	for _, d := range []state.Dir{d, {}} {
		if err := d.CheckOwner(); err != nil {
			t.Errorf("what is not there: %v", err)
		}
	}
	if err := d.SetLogout("", time.Now()); err != nil || d.CheckOwner() != nil {
		t.Errorf("our own: %v, %v", err, d.CheckOwner())
	}
}
