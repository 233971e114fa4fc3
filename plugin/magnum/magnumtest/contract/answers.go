// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata
var testdata embed.FS

// base is the release whose answers are on record in full; other releases
// have [changes], and files of what these do not cover.
const base = 15

// answers are those on record for a release, and those given now.
type answers struct {
	version  int
	policy   string
	record   string // directory to write to, "" to compare
	expected map[string]string
	own      map[string]string // those of expected that are this release's alone
	given    []entry
}

type entry struct{ title, text string }

func readAnswers(version int, policy, record string) *answers {
	a := &answers{version: version, policy: policy, record: record}
	a.expected = readFile(a.file(base))
	if change := changes[version]; change != nil {
		for title, text := range a.expected {
			a.expected[title] = change(text)
		}
		a.own = readFile(a.file(version))
	}
	return a
}

// file is named after a release and, but for Magnum's own, the policy.
func (a *answers) file(version int) string {
	if a.policy == "" {
		return fmt.Sprintf("%d.txt", version)
	}
	return fmt.Sprintf("%d-%s.txt", version, a.policy)
}

// readFile reads answers; there are none of a release that is yet to be
// recorded.
func readFile(name string) map[string]string {
	data, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		return nil
	}
	found := map[string]string{}
	for _, part := range strings.Split("\n"+string(data), "\n== ")[1:] {
		title, text, _ := strings.Cut(part, "\n")
		found[title] = strings.TrimRight(text, "\n") + "\n"
	}
	return found
}

// compare compares an answer with the one on record, or keeps it for the
// record.
func (a *answers) compare(t *testing.T, title, got string) {
	t.Helper()
	a.given = append(a.given, entry{title, got})
	if a.record != "" {
		return
	}
	want, ok := a.own[title]
	if !ok {
		want, ok = a.expected[title]
	}
	switch {
	case !ok:
		t.Errorf("nothing on record; the answer is\n%s", got)
	case got != want:
		t.Errorf("not as on record (-want +got):\n%s", cmp.Diff(want, got))
	}
}

// finish writes what is to be recorded.
func (a *asker) finish(t *testing.T) {
	t.Helper()
	if a.target.Record == "" || t.Failed() {
		return
	}
	var b strings.Builder
	for _, e := range a.answers.given {
		if a.answers.version == base || a.answers.expected[e.title] != e.text {
			fmt.Fprintf(&b, "== %s\n%s\n", e.title, e.text)
		}
	}
	if b.Len() == 0 {
		return
	}
	name := filepath.Join(a.target.Record, a.answers.file(a.answers.version))
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil { //nolint:gosec // a file of the source tree
		t.Fatal(err)
	}
}
