// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// log writes lines, each whole, with the time since start on the monotonic
// clock.
type log struct {
	start time.Time

	mu  sync.Mutex
	out io.Writer
}

func (l *log) line(what, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	words := strings.TrimSpace(what + " " + strings.ReplaceAll(text, "\n", " "))
	fmt.Fprintf(l.out, "%.3f %s\n", time.Since(l.start).Seconds(), words)
}
