// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const debugVar = "KUBECTL_MAGNUM_DEBUG"

const (
	debugMax  = 1000        // bytes of a line: servers have a part in it
	debugTime = time.Second // to write one
)

// debug shows lines of debugging on stderr; nil if nobody asked for any.
func (p *program) debug() func(line string) {
	if !p.verbose && p.getenv(debugVar) != "1" {
		return nil
	}
	p.keepPipe()
	out := &lossy{out: p.streams.ErrOut}
	if !p.errTerminal { // who stops a terminal wants to read all of it
		p.streams.ErrOut = out
	}
	return func(line string) {
		fmt.Fprintf(out, "kubectl-magnum: debug: %s\n", escape(line[:min(len(line), debugMax)]))
	}
}

// lossy drops what cannot be written, and what follows until it can: lines of
// debugging can fill a pipe that nobody reads, and no call shall hang or fail for
// them.
type lossy struct {
	mu   sync.Mutex
	out  io.Writer
	gone bool
}

func (l *lossy) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gone {
		return len(b), nil
	}
	text, written := bytes.Clone(b), make(chan error, 1)
	go func() {
		_, err := l.out.Write(text)
		written <- err
	}()
	late := time.NewTimer(debugTime)
	defer late.Stop()
	select {
	case err := <-written:
		l.gone = err != nil
	case <-late.C:
		l.gone = true
		go func() {
			if <-written == nil {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.gone = false
			}
		}()
	}
	return len(b), nil
}
