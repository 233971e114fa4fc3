// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"fmt"
	"strings"
)

// SyntaxError says why a line is no command.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return e.Reason }

// Split takes a line apart as a shell would: at blanks, with single quotes, double
// quotes and backslashes. What only a shell would understand is refused, with a
// [*SyntaxError], instead of being given to the program as it is.
func Split(line string) ([]string, error) {
	s := splitter{rest: line}
	for s.rest != "" {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if s.quote != 0 {
		return nil, &SyntaxError{fmt.Sprintf("a quote (%c) is not closed", s.quote)}
	}
	s.end()
	if len(s.words) == 0 {
		return nil, &SyntaxError{"it is empty"}
	}
	if name, _, ok := strings.Cut(s.words[0], "="); ok && !strings.ContainsAny(name, `/\`) {
		return nil, &SyntaxError{fmt.Sprintf("%s=... sets a variable, which only a shell understands", name)}
	}
	return s.words, nil
}

// splitter is a line on its way to words.
type splitter struct {
	rest  string
	words []string
	word  strings.Builder
	begun bool // there is a word, though it may be empty
	quote byte // that is open, 0 for none
}

// forShell are the characters that mean something to a shell outside of quotes;
// those in double quotes are the first two.
const forShell = "$`|&;<>()*?[]{}!\n\r"

func (s *splitter) step() error {
	c := s.rest[0]
	s.rest = s.rest[1:]
	switch {
	case c == 0:
		return &SyntaxError{"it holds a NUL"}
	case c == s.quote:
		s.quote = 0
	case s.quote == '\'':
		s.add(c)
	case c == '\\':
		return s.escaped()
	case s.quote == 0 && (c == '\'' || c == '"'):
		s.quote, s.begun = c, true
	case s.quote == 0 && (c == ' ' || c == '\t'):
		s.end()
	case s.quote == 0 && !s.begun && (c == '~' || c == '#'),
		s.quote == 0 && strings.IndexByte(forShell, c) >= 0,
		strings.IndexByte(forShell[:2], c) >= 0:
		return &SyntaxError{fmt.Sprintf("%q is for a shell, and there is none: quote it, or put all of it into a script", c)}
	default:
		s.add(c)
	}
	return nil
}

// escaped takes what follows a backslash. In double quotes it stands for itself
// before anything but these four, as in a shell.
func (s *splitter) escaped() error {
	if s.rest == "" {
		return &SyntaxError{`it ends in \`}
	}
	c := s.rest[0]
	if s.quote == '"' && strings.IndexByte("\"\\$`", c) < 0 {
		s.add('\\')
	}
	s.add(c)
	s.rest = s.rest[1:]
	return nil
}

func (s *splitter) add(c byte) {
	s.begun = true
	s.word.WriteByte(c)
}

func (s *splitter) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}
