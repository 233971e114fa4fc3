// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const id = "v1-cert-0123456789abcdef"

var (
	me    = process.ID{PID: 42, Start: "1"}
	other = process.ID{PID: 42, Start: "2"}
)

// What another clock wrote, what is too old and what makes no sense counts for
// nothing, each for itself.
func TestUse(t *testing.T) {
	t.Parallel()
	at := func(ago time.Duration) time.Time { return now.Add(-ago) }
	for _, test := range []struct {
		name       string
		have, want state.Use
	}{
		{name: "nothing"},
		{"verified now", state.Use{Verified: now}, state.Use{Verified: now}},
		{"verified in the future", state.Use{Verified: at(-1), Reconciled: now}, state.Use{Reconciled: now}},
		{"reconciled in the future", state.Use{Verified: now, Reconciled: at(-1)}, state.Use{Verified: now}},
		{
			"answers",
			state.Use{Answers: []state.Answer{{me, at(24*time.Hour + 1)}, {me, at(24 * time.Hour)}, {other, now}, {me, at(-1)}}},
			state.Use{Answers: []state.Answer{{me, at(24 * time.Hour)}, {other, now}}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := newDir(t)
			if err := d.Touch(id, test.have); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, d.Use(id, now)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := d.Use("v1-cert-another", now); !got.Verified.IsZero() || len(got.Answers) > 0 {
				t.Errorf("of another credential: %+v", got)
			}
		})
	}
}

// Where one thing is damaged the rest is not believed either.
func TestDamagedFilesHoldNothing(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	const at = `"2026-06-01T12:00:00Z"`
	for folder, texts := range map[string][]string{
		"uses": {
			`{"verified":` + at + `,"server":{"for":"1s"}}`, `{"verified":` + at + `,"answers":{}}`, `{"verified":` + at + `,"reconciled":"x"}`,
			`{"verified":` + at + `}}`, `{"verified":` + at, `[{"verified":` + at + `}]`,
		},
		"revocations": {
			`{"before":` + at + `,"certificates":"aa"}`, `{"before":` + at + `,"in_vain":1}`, `{"before":` + at + `,"certificates":[1]}`,
			`{"certificates":["aa"],"before":1}`, `{"before":` + at,
		},
	} {
		for _, text := range texts {
			plantText(t, d, text, folder, id+".json")
			if diff := cmp.Diff(state.Use{}, d.Use(id, now)); diff != "" {
				t.Errorf("%s: -want +got:\n%s", text, diff)
			}
			if diff := cmp.Diff(state.Revocation{}, d.Revocation(id, now)); diff != "" {
				t.Errorf("%s: -want +got:\n%s", text, diff)
			}
		}
	}
}

// A client is remembered once, by its last answer. Those that the system does
// not tell apart are each remembered.
func TestAnswered(t *testing.T) {
	t.Parallel()
	later := now.Add(time.Second)
	before := state.Use{Verified: now, Answers: []state.Answer{{me, now}, {other, now}, {process.ID{}, now}}}
	for _, test := range []struct {
		parent process.ID
		want   []state.Answer
	}{
		{me, []state.Answer{{other, now}, {process.ID{}, now}, {me, later}}},
		{process.ID{PID: 1}, []state.Answer{{me, now}, {other, now}, {process.ID{}, now}, {process.ID{PID: 1}, later}}},
		{process.ID{}, []state.Answer{{me, now}, {other, now}, {process.ID{}, now}, {process.ID{}, later}}},
	} {
		got := before.Answered(test.parent, later)
		if diff := cmp.Diff(state.Use{Verified: now, Answers: test.want}, got); diff != "" {
			t.Errorf("%+v: -want +got:\n%s", test.parent, diff)
		}
	}
	if before.Answers[0].Parent != me || len(before.Answers) != 3 {
		t.Errorf("it was changed in place: %+v", before)
	}
}

func TestAnsweredForgetsTheOldest(t *testing.T) {
	t.Parallel()
	var u state.Use
	for pid := range 100 {
		u = u.Answered(process.ID{PID: pid + 1}, now)
	}
	if len(u.Answers) != 32 || u.Answers[0].Parent.PID != 69 || u.Answers[31].Parent.PID != 100 {
		t.Errorf("%d are left: %+v", len(u.Answers), u.Answers)
	}
}

// No file is named by what is no key, be it as a kubeconfig might have it.
func TestOddKeysNameNoFile(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.Touch(id, state.Use{Verified: now}); err != nil {
		t.Fatal(err)
	}
	plant(t, d, "planted.json")
	for _, key := range []string{"", ".", "..", "../uses/" + id, "../planted", "a/b", `a\b`, "A", "ä", "a b", "a\x00", id + "\n", id + ".json", "*", "~", "$HOME", "con:"} {
		for what, set := range map[string]func() error{
			"Touch":         func() error { return d.Touch(key, state.Use{Verified: now}) },
			"SetRevocation": func() error { return d.SetRevocation(key, state.Revocation{Before: now}) },
			"AddCredential": func() error { return d.AddCredential(key, state.Credential{}) },
		} {
			if set() == nil {
				t.Errorf("%s: key %q names a file", what, key)
			}
		}
		if got := d.Use(key, now); !got.Verified.IsZero() {
			t.Errorf("key %q: %+v", key, got)
		}
		if got := d.Revocation(key, now); !got.Before.IsZero() {
			t.Errorf("key %q: %+v", key, got)
		}
		if unlock, locked := d.Lock(t.Context(), key); locked {
			unlock()
			t.Errorf("key %q has a lock", key)
		}
	}
	if files := paths(t, d.Path); len(files) != 2 {
		t.Errorf("there are %v", files)
	}
}

// plant puts a file into the state directory that anything can be read from.
func plant(t *testing.T, d state.Dir, elem ...string) {
	t.Helper()
	plantText(t, d, `{"verified":"2026-06-01T00:00:00Z","before":"2026-06-01T00:00:00Z","name":"prod","cluster":"`+cluster+`"}`, elem...)
}

func plantText(t *testing.T, d state.Dir, text string, elem ...string) {
	t.Helper()
	path := filepath.Join(append([]string{d.Path}, elem...)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// paths are the files below dir.
func paths(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, strings.TrimPrefix(filepath.ToSlash(path), filepath.ToSlash(dir)+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestPauseHolds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		p    state.Pause
		want bool
	}{
		{"none", state.Pause{}, false},
		{"just begun", state.Pause{From: now, For: time.Second}, true},
		{"nearly over", state.Pause{From: now.Add(-time.Second + 1), For: time.Second}, true},
		{"over", state.Pause{From: now.Add(-time.Second), For: time.Second}, false},
		{"from the future", state.Pause{From: now.Add(1), For: time.Second}, false},
		{"the longest", state.Pause{From: now.Add(-59 * time.Minute), For: time.Hour}, true},
		{"a longer one is damage", state.Pause{From: now, For: time.Hour + 1}, false},
		{"into the past", state.Pause{From: now, For: -1}, false},
	} {
		if got := test.p.Holds(now); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
	}
}
