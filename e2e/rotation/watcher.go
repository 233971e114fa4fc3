// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bufio"
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// watcher is a running `client watch`.
type watcher struct {
	mu    sync.Mutex
	lines []string // without their times
}

// startWatcher starts one that ends with the test.
func (u *user) startWatcher() *watcher {
	u.t.Helper()
	cmd := u.Command(u.t.Context(), "client", "watch")
	in, err := cmd.StdinPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		u.t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		u.t.Fatal(err)
	}
	w := new(watcher)
	read := make(chan struct{})
	go func() {
		defer close(read)
		w.read(out)
	}()
	u.t.Cleanup(func() {
		_ = in.Close()
		<-read
		_ = cmd.Wait()
		if u.t.Failed() {
			u.t.Logf("client watch:\n%s\n%s", strings.Join(w.said(""), "\n"), &stderr)
		}
	})
	return w
}

func (w *watcher) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		_, what, _ := strings.Cut(lines.Text(), " ")
		w.mu.Lock()
		w.lines = append(w.lines, what)
		w.mu.Unlock()
	}
}

// said are the lines so far that begin so.
func (w *watcher) said(prefix string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, line := range w.lines {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, line)
		}
	}
	return lines
}

// awaits waits until there are n lines that begin so, and returns how long
// that took.
func (w *watcher) awaits(t *testing.T, n int, prefix string, within time.Duration) time.Duration {
	t.Helper()
	const pause = 100 * time.Millisecond
	start := time.Now()
	for len(w.said(prefix)) < n {
		if time.Since(start) > within {
			t.Fatalf("client watch did not say %q %d times within %s", prefix, n, within)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(pause):
		}
	}
	return time.Since(start)
}
