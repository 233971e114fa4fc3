// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestModuleIsBuiltOnceForEachContent(t *testing.T) {
	dir := newModule(t, `package main; func main() { println("one") }`)
	b := builder{cache: t.TempDir(), report: newReport(io.Discard)}
	first, err := b.module(t.Context(), dir, hello)
	if err != nil {
		t.Fatal(err)
	}
	if got := says(t, first); got != "one\n" {
		t.Errorf("the program says %q", got)
	}

	var progress bytes.Buffer
	b.report = newReport(&progress)
	again, err := b.module(t.Context(), dir, hello)
	if err != nil || again != first || progress.Len() > 0 {
		t.Errorf("unchanged: got %q, %v, and was told %q; want %q and silence", again, err, &progress, first)
	}

	write(t, dir, "main.go", `package main; func main() { println("two") }`)
	second, err := b.module(t.Context(), dir, hello)
	if err != nil || says(t, second) != "two\n" || says(t, first) != "one\n" {
		t.Errorf("changed: got %q, %v beside %q", second, err, first)
	}
}

func TestBuildsAtTheSameTimeBuildOnce(t *testing.T) {
	dir, cache := newModule(t, "package main; func main() {}"), t.TempDir()
	var progress [4]bytes.Buffer
	var all sync.WaitGroup
	for i := range progress {
		all.Go(func() {
			b := builder{cache: cache, report: newReport(&progress[i])}
			if _, err := b.module(t.Context(), dir, hello); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	built := 0
	for i := range progress {
		if strings.Contains(progress[i].String(), "build: hello") {
			built++
		}
	}
	if built != 1 {
		t.Errorf("built %d times, want once", built)
	}
}

func TestFailedBuildLeavesNothing(t *testing.T) {
	dir := newModule(t, "package main; func main() { undefined() }")
	cache := t.TempDir()
	b := builder{cache: cache, report: newReport(io.Discard)}
	if _, err := b.module(t.Context(), dir, hello); err == nil || !strings.Contains(err.Error(), "undefined: undefined") {
		t.Errorf("got %v, want the compiler's words", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.module(ctx, dir, hello); err == nil {
		t.Error("built although the caller had given up")
	}
	left, err := filepath.Glob(filepath.Join(cache, "*", "*"))
	if err != nil || len(left) != 1 || filepath.Base(left[0]) != ".lock" {
		t.Errorf("left %v, %v, want the lock alone", left, err)
	}
}

func TestVersionIsTheReleases(t *testing.T) {
	root, err := moduleRoot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for dir, module := range map[string]string{"kubernetes": "k8s.io/kubernetes", "kubernetes/old": "k8s.io/kubectl", "clients": "k8s.io/client-go"} {
		if version, err := moduleVersion(t.Context(), filepath.Join(root, dir), module); err != nil || !strings.HasPrefix(version, "1.") {
			t.Errorf("%s: got %q, %v, want a release of Kubernetes", module, version, err)
		}
	}
}

var hello = program{name: "hello", pkg: ".", module: "example.org/hello"}

func newModule(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.org/hello\n\ngo 1.26.0\n")
	write(t, dir, "main.go", source)
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func says(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command(filepath.Join(dir, "hello")).CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
