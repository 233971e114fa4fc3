// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/client-go/tools/clientcmd"
)

// inMemory is a merge into one file, without the file.
func inMemory(in string, setCurrent bool, entries ...Entry) (string, error) {
	d, err := parse("config", []byte(in))
	if err != nil {
		return "", err
	}
	if err := d.checkSections(); err != nil {
		return "", err
	}
	if _, err := load("config", []byte(in)); err != nil {
		return "", err
	}
	s := &source{path: "config", doc: d, tree: d.tree()}
	m := merger{sources: []*source{s}, target: s}
	for _, e := range entries {
		if err := m.entry(e); err != nil {
			return "", err
		}
	}
	if setCurrent {
		m.current(entries[0].Context)
	}
	out, err := s.text()
	return string(out), err
}

// checkMerge holds the properties of every merge: it is refused with a reason,
// or everything foreign has its value, ours loads, and the second is void.
func checkMerge(t *testing.T, in string, entries ...Entry) {
	t.Helper()
	out, err := inMemory(in, true, entries...)
	if err != nil {
		var taken *TakenError
		var invalid *InvalidError
		if !errors.As(err, &taken) && !errors.As(err, &invalid) {
			t.Fatalf("error without a type: %v", err)
		}
		return
	}
	checkForeignLoads(t, in, out, entries...)
	checkOurs(t, out, entries...)
	again, err := inMemory(out, true, entries...)
	if err != nil {
		t.Fatalf("merging again: %v, in:\n%s", err, out)
	}
	if again != out {
		t.Fatalf("merging again changes the file:\n%s", diffText(out, again))
	}
	// Taken back to another server and no TLS and forth, the entry is updated
	// in place: nothing foreign moves then either.
	for i := range entries {
		entries[i].Server, entries[i].CAFile, entries[i].Exec = "http://192.0.2.77", "", nil
	}
	updated, err := inMemory(out, true, entries...)
	if err != nil {
		t.Fatalf("updating: %v, in:\n%s", err, out)
	}
	checkForeignLoads(t, out, updated, entries...)
	checkOurs(t, updated, entries...)
	gone := out
	for _, e := range entries {
		if gone, err = removedFrom(gone, e.ClusterUUID); err != nil {
			t.Fatalf("removing: %v, from:\n%s", err, out)
		}
	}
	checkForeignLoads(t, in, gone, entries...)
}

func checkForeignLoads(t *testing.T, before, after string, entries ...Entry) {
	t.Helper()
	checkForeign(t, before, after, entries...)
	if !ambiguous.MatchString(before) {
		checkComments(t, before, after)
	}
	if _, err := clientcmd.Load([]byte(after)); err != nil {
		t.Fatal(err)
	}
}

func FuzzMergeAnyText(f *testing.F) {
	files, _ := filepath.Glob("testdata/merge/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		text := string(archive.Files[0].Data)
		f.Add(text)
		f.Add(strings.ReplaceAll(text, "\n", "\r\n"))
		f.Add("\ufeff" + strings.TrimRight(text, "\n"))
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, "prod") || strings.Contains(in, "test") {
			t.Skip() // the comparison takes our entries out by name
		}
		if strings.ContainsAny(strings.ReplaceAll(in, "\r\n", ""), "\r\u0085\u2028\u2029") {
			t.Skip() // the comparison knows no old or odd line breaks
		}
		if strings.LastIndex(in, byteOrderMark) > 0 {
			t.Skip() // the YAML libraries trip over it, depending on the offset
		}
		checkMerge(t, in, prod(), entry("test: \"1#\"", testUUID))
	})
}

// FuzzMergeKubeconfig merges into generated kubeconfigs in which the fuzzer
// chooses every turn of style.
func FuzzMergeKubeconfig(f *testing.F) {
	addSeeds(f, 200)
	f.Fuzz(func(t *testing.T, choices []byte) {
		g := generator{choices: choices}
		in := g.kubeconfig()
		if _, err := clientcmd.Load([]byte(in)); err != nil {
			t.Skip()
		}
		out, err := inMemory(in, true, prod())
		if err != nil && endsInString(in) {
			return
		}
		if err != nil {
			t.Fatalf("refused: %v\n%s", err, in)
		}
		checkComments(t, in, out)
		if g.plain && !isExtended(in, out) {
			t.Errorf("more than insertions:\n%s", diffText(in, out))
		}
		checkMerge(t, in, prod(), entry("test: \"1#\"", testUUID))
	})
}

// endsInString reports whether text may end inside a block scalar without a
// line break: nothing can be added behind it without giving it one.
func endsInString(text string) bool {
	return !strings.HasSuffix(text, "\n") && strings.ContainsAny(text, "|>")
}

var emptyList = regexp.MustCompile(`^[a-z]+s:( |$)|^\]`)

// isExtended reports whether all lines of before are in after, in order. A
// list that was empty has lost its brackets, and the current context its name.
func isExtended(before, after string) bool {
	rest := strings.Split(after, "\n")
	for line := range strings.SplitSeq(before, "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.Contains(line, "current-context") || emptyList.MatchString(line) {
			continue
		}
		for len(rest) > 0 && strings.TrimRight(rest[0], "\r") != line {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return false
		}
		rest = rest[1:]
	}
	return true
}

// FuzzUpdateKubeconfig lets a user comment on our entries all over and then
// changes them.
func FuzzUpdateKubeconfig(f *testing.F) {
	addSeeds(f, 200)
	f.Fuzz(func(t *testing.T, choices []byte) {
		g := generator{choices: choices}
		entries := []Entry{prod(), entry("test: \"1#\"", testUUID)}
		merged, err := inMemory(g.kubeconfig(), true, entries...)
		if err != nil {
			t.Skip()
		}
		before := g.decorate(merged)
		if same, err := inMemory(before, true, entries...); err != nil || same != before {
			t.Skip() // a comment became part of a string
		}
		for i := range entries {
			g.change(&entries[i])
		}
		after, err := inMemory(before, false, entries...)
		if err != nil {
			t.Fatalf("refused: %v\n%s", err, before)
		}
		checkForeign(t, before, after, entries...)
		checkComments(t, before, after)
		checkOurs(t, after, entries...)
	})
}

// FuzzRemoveKubeconfig takes back what was merged into generated kubeconfigs.
func FuzzRemoveKubeconfig(f *testing.F) {
	addSeeds(f, 200)
	f.Fuzz(func(t *testing.T, choices []byte) {
		g := generator{choices: choices}
		test := entry("test: \"1#\"", testUUID)
		before, err := inMemory(g.kubeconfig(), false, test)
		if err != nil {
			t.Skip()
		}
		merged, err := inMemory(before, false, prod())
		if err != nil {
			t.Skip()
		}
		after, err := removedFrom(merged, prodUUID)
		if err != nil || g.plain && after != before {
			t.Fatalf("not as before: %v\n%s", err, diffText(before, after))
		}
		checkForeign(t, before, after)
		checkComments(t, before, after)
		// Not the last one, and not without words of the user's.
		decorated := g.decorate(merged)
		if same, err := inMemory(decorated, false, test, prod()); err != nil || same != decorated {
			t.Skip() // a comment became part of a string
		}
		after, err = removedFrom(decorated, testUUID)
		if err != nil {
			t.Fatalf("refused: %v\n%s", err, decorated)
		}
		checkForeign(t, decorated, after, test)
		checkOurs(t, after, prod())
		inFlow := strings.Contains(strings.ReplaceAll(merged, "\r", ""), "[\n")
		if g.plain && !inFlow && !isExtended(after, decorated) {
			t.Errorf("more than lines are gone:\n%s", diffText(decorated, after))
		}
	})
}

// addSeeds adds noise of a linear congruential generator, the same each time.
func addSeeds(f *testing.F, n int) {
	state := uint64(1)
	for range n {
		seed := make([]byte, 300)
		for i := range seed {
			state = state*6364136223846793005 + 1442695040888963407
			seed[i] = byte(state >> 56)
		}
		f.Add(seed)
	}
}
