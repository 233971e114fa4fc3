// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
)

// screen writes for a person, in colour on a terminal that wants it.
type screen struct {
	w      io.Writer
	colour bool
}

func newScreen(file *os.File) *screen {
	info, err := file.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return &screen{w: file, colour: terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (s *screen) line(format string, args ...any) { fmt.Fprintf(s.w, format+"\n", args...) }

func (s *screen) title(text string) { s.line("%s", s.in("1", text)) }

func (s *screen) remark(format string, args ...any) {
	s.line("%s", s.in("32", "=> "+fmt.Sprintf(format, args...)))
}

func (s *screen) prompt(command string) { s.line("%s", s.in("1;36", "$ "+command)) }

// print shows what a command printed.
func (s *screen) print(texts ...string) {
	for _, text := range texts {
		fmt.Fprint(s.w, text)
	}
}

// in puts text in an ANSI style.
func (s *screen) in(style, text string) string {
	if !s.colour {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}
