// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progress shows on a terminal what takes longer than a second, on one line
// that is gone at the end. Elsewhere it shows nothing.
type progress struct {
	mu     sync.Mutex
	out    io.Writer // nil: show nothing
	text   string
	timer  *time.Timer
	shown  bool
	paused bool // somebody else has the terminal
	closed bool
}

func newProgress(p *program) *progress {
	pr := &progress{}
	if p.errTerminal {
		pr.out = p.streams.ErrOut
		pr.timer = time.AfterFunc(time.Second, pr.show)
	}
	return pr
}

// line replaces what is shown.
func (p *progress) line(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text = text
	if p.shown && !p.paused {
		p.draw()
	}
}

// say prints a line that stays.
func (p *progress) say(out io.Writer, text string) {
	p.above(func() { fmt.Fprintf(out, "kubectl-magnum: %s\n", escape(text)) })
}

// above has f print lines that stay.
func (p *progress) above(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	f()
	if p.shown && !p.paused {
		p.draw()
	}
}

// aside keeps the terminal free while f runs.
func (p *progress) aside(f func() error) error {
	p.pause(true)
	defer p.pause(false)
	return f()
}

func (p *progress) pause(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.paused = on
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	p.shown = true
	if !p.paused {
		p.draw()
	}
}

func (p *progress) draw() { fmt.Fprintf(p.out, "\r\x1b[K%s ...", escape(p.text)) }

// end takes the line away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.clear()
	p.shown = false
}
