// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// nodeEnd is the end of the last line of a key's value, which ends before
// limit.
func (s *splicer) nodeEnd(n, key *yaml.Node, limit int) int {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == tagNull && n.Value == "" && key.Kind == yaml.ScalarNode:
		return s.nextLine(s.at(key))
	case n.Kind == yaml.ScalarNode || n.Kind == yaml.AliasNode || isFlow(n):
		if end, ok := s.valueEnd(n); ok {
			return s.nextLine(end)
		}
	case len(n.Content) > 0 && n.Kind == yaml.SequenceNode:
		return s.nodeEnd(n.Content[len(n.Content)-1], n, limit)
	case len(n.Content) > 0:
		return s.nodeEnd(n.Content[len(n.Content)-1], n.Content[len(n.Content)-2], limit)
	}
	return s.trimmed(limit, key.Column)
}

// contentEnd is where lines can be added at the end of a block that ends
// before limit and whose keys or dashes stand at column.
func (s *splicer) contentEnd(limit, column int) int {
	if !s.tight {
		return limit
	}
	return s.trimmed(limit, column)
}

// trimmed goes back from limit over blank lines and over comments that are not
// indented deeper than column. Deeper ones belong to the block, or are no
// comments but the text of a block scalar.
func (s *splicer) trimmed(limit, column int) int {
	for limit > s.lines[0] {
		start := s.lineStart(limit - 1)
		line := strings.TrimSpace(string(s.text[start:limit]))
		indent := len(s.text[start:limit]) - len(strings.TrimLeft(string(s.text[start:limit]), " \t"))
		if line != "" && (line[0] != '#' || indent >= column) {
			break
		}
		limit = start
	}
	return limit
}

// comments are those in text[start:end], which is about to go. They are looked
// for in the text, because the parser loses some. A line of a block scalar that
// looks like a comment is taken for one: better one too many.
func (s *splicer) comments(start, end int) []string {
	var found []string
	for i := start; i < end; i++ {
		switch s.text[i] {
		case '"', '\'':
			if quoted, ok := s.closingQuote(i); ok && s.startsToken(i) {
				i = quoted - 1
			}
		case '#':
			if s.startsComment(i) {
				next := s.nextLine(i)
				found = append(found, strings.TrimSpace(string(s.text[i:next])))
				i = next - 1
			}
		}
	}
	return found
}

// startsToken reports whether a quote at offset i can start a quoted scalar;
// elsewhere it is part of a plain one.
func (s *splicer) startsToken(i int) bool {
	return i == 0 || strings.IndexByte(" \t\r\n,[{:", s.text[i-1]) >= 0
}

func (s *splicer) startsComment(i int) bool {
	return i == 0 || strings.IndexByte(" \t\r\n", s.text[i-1]) >= 0
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
			if !s.startsToken(i) {
				continue
			}
			end, ok := s.closingQuote(i)
			if !ok {
				return 0, false
			}
			i = end - 1
		case '#':
			if s.startsComment(i) {
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
