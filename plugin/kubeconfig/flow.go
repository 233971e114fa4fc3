// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// flowMapping edits a mapping in flow style, JSON included.
func (s *splicer) flowMapping(old, changed *yaml.Node) error {
	if len(old.Content) == 0 {
		return s.rewrite(old, changed)
	}
	for i := 0; i+1 < len(old.Content); i += 2 {
		key, value := old.Content[i], old.Content[i+1]
		now := lookup(changed, key.Value)
		if now == nil {
			return s.rewrite(old, changed)
		}
		if err := s.flowValue(value, now); err != nil {
			return err
		}
	}
	last := len(old.Content) - 2
	var added []string
	prefix, step := s.siblingLayout(old.Content[last])
	for i := 0; i+1 < len(changed.Content); i += 2 {
		if index(old, changed.Content[i].Value) < 0 {
			added = append(added, flowPair(changed.Content[i], changed.Content[i+1], prefix, step))
		}
	}
	return s.appendFlow(old.Content[last], old.Content[last+1], added)
}

func (s *splicer) flowSequence(old, changed *yaml.Node) error {
	if len(old.Content) == 0 || len(changed.Content) < len(old.Content) {
		return s.rewrite(old, changed)
	}
	for i, item := range old.Content {
		if err := s.flowValue(item, changed.Content[i]); err != nil {
			return err
		}
	}
	last := old.Content[len(old.Content)-1]
	var added []string
	prefix, step := s.siblingLayout(last)
	for _, item := range changed.Content[len(old.Content):] {
		added = append(added, flow(item, prefix, step))
	}
	return s.appendFlow(last, last, added)
}

func (s *splicer) flowValue(old, changed *yaml.Node) error {
	switch {
	case same(old, changed):
		return nil
	case old.Kind == yaml.AliasNode || !isPlainPlace(old):
		return s.refuse(old, "an entry of ours with an anchor, an alias or a tag")
	case old.Kind != changed.Kind || empty(changed):
		return s.rewrite(old, changed)
	case old.Kind == yaml.MappingNode:
		return s.flowMapping(old, changed)
	case old.Kind == yaml.SequenceNode:
		return s.flowSequence(old, changed)
	}
	return s.rewrite(old, changed)
}

// rewrite replaces a whole value, but none with comments inside.
func (s *splicer) rewrite(old, changed *yaml.Node) error {
	start := s.at(old)
	end, ok := s.valueEnd(old)
	if !ok || end == start {
		return s.refuse(old, "a value in flow style that can't be edited in place")
	}
	if s.comments(start, end, old) != nil {
		return s.refuse(old, "a comment inside a value of ours that has to change")
	}
	prefix, step := s.layout(old)
	s.replace(start, end, s.breakLines(flow(changed, prefix, step)))
	return nil
}

// appendFlow adds to a flow collection behind its last value; first is where
// that value's pair or item starts.
func (s *splicer) appendFlow(first, last *yaml.Node, added []string) error {
	if len(added) == 0 {
		return nil
	}
	end, ok := s.valueEnd(last)
	if !ok || end == s.at(last) {
		return s.refuse(last, "a value in flow style that can't be edited in place")
	}
	separator := ", "
	if prefix, alone := s.margin(s.at(first)); alone {
		separator = "," + s.eol + prefix
	}
	for i := range added {
		added[i] = separator + s.breakLines(added[i])
	}
	s.replace(end, end, strings.Join(added, ""))
	return nil
}

func (s *splicer) breakLines(text string) string {
	return strings.ReplaceAll(text, "\n", s.eol)
}

// siblingLayout is the layout of what is added behind n: on one line if n does
// not start its own.
func (s *splicer) siblingLayout(n *yaml.Node) (prefix, step string) {
	if _, alone := s.margin(s.at(n)); !alone {
		return "", ""
	}
	return s.layout(n)
}

// layout says how a value that starts where n does is spread over lines: the
// white space that starts its line and that of one more level. A value that
// does not start in a line of its own, or whose document is one line, is
// written on one line.
func (s *splicer) layout(n *yaml.Node) (prefix, step string) {
	line := s.lineStart(s.at(n))
	rest := string(s.text[line:s.at(n)])
	prefix = rest[:len(rest)-len(strings.TrimLeft(rest, " \t"))]
	if !isFlow(s.root) || len(s.root.Content) == 0 {
		return "", ""
	}
	step, alone := s.margin(s.at(s.root.Content[0]))
	if !alone || step == "" {
		return "", ""
	}
	if s.lineStart(s.at(s.root)) == line {
		return "", ""
	}
	return prefix, step
}

// valueEnd is the offset behind a scalar or a flow collection. It is not known
// for block scalars and for plain scalars of several lines.
func (s *splicer) valueEnd(n *yaml.Node) (int, bool) {
	start := s.at(n)
	rest := s.text[start:]
	switch {
	case !isPlainPlace(n) || len(rest) == 0:
		return 0, false
	case n.Kind == yaml.AliasNode:
		return start + 1 + len(n.Value), true
	case n.Kind != yaml.ScalarNode:
		return s.closing(start)
	case n.Style&yaml.DoubleQuotedStyle != 0 && rest[0] == '"', n.Style&yaml.SingleQuotedStyle != 0 && rest[0] == '\'':
		return s.closingQuote(start)
	}
	return start + len(n.Value), n.Style == 0 && bytes.HasPrefix(rest, []byte(n.Value))
}

// closing is the offset behind the bracket that closes the one at start.
func (s *splicer) closing(start int) (int, bool) {
	depth := 0
	for i := start; i < len(s.text); i++ {
		switch s.text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"', '\'':
			if !strings.ContainsRune(" \t\r\n,[{:", rune(s.text[i-1])) {
				continue // inside a plain scalar
			}
			end, ok := s.closingQuote(i)
			if !ok {
				return 0, false
			}
			i = end - 1
		case '#':
			if strings.ContainsRune(" \t\r\n", rune(s.text[i-1])) {
				i = s.nextLine(i) - 1
			}
		}
		if depth == 0 {
			return i + 1, true
		}
	}
	return 0, false
}

// closingQuote is the offset behind the quote that ends the scalar at start.
func (s *splicer) closingQuote(start int) (int, bool) {
	mark := s.text[start]
	for i := start + 1; i < len(s.text); i++ {
		switch {
		case mark == '"' && s.text[i] == '\\':
			i++
		case s.text[i] != mark:
		case mark == '\'' && i+1 < len(s.text) && s.text[i+1] == mark:
			i++
		default:
			return i + 1, true
		}
	}
	return 0, false
}
