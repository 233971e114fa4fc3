// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// isCut says whether changed is old without some of its items, all of them
// mappings: entries that go.
func isCut(old, changed *yaml.Node) bool {
	if old.Kind != yaml.SequenceNode || changed.Kind != yaml.SequenceNode || len(changed.Content) >= len(old.Content) {
		return false
	}
	kept := 0
	for i, goes := range going(old, changed) {
		if goes && old.Content[i].Kind != yaml.MappingNode {
			return false
		}
		if !goes {
			kept++
		}
	}
	return kept == len(changed.Content)
}

// going says of each item of old whether changed, which has some of them in
// their order, lacks it.
func going(old, changed *yaml.Node) []bool {
	goes := make([]bool, len(old.Content))
	rest := changed.Content
	for i, item := range old.Content {
		if goes[i] = len(rest) == 0 || !same(item, rest[0]); !goes[i] {
			rest = rest[1:]
		}
	}
	return goes
}

// cut takes items out of a block sequence with the lines that they are on, from
// the dash to the last word. What stands around them stays.
func (s *splicer) cut(key, old, changed *yaml.Node, limit int) error {
	if isFlow(old) {
		return s.flowCut(old, changed)
	}
	if empty(changed) {
		if err := s.say(key, changed); err != nil {
			return err
		}
	}
	for i, goes := range going(old, changed) {
		if !goes {
			continue
		}
		next := limit
		if i+1 < len(old.Content) {
			next = s.dashLine(old, old.Content[i+1])
		}
		s.cutLines(old, s.dashLine(old, old.Content[i]), s.nodeEnd(old.Content[i], old, next), next)
	}
	return nil
}

// cutLines takes text[start:end] out, which is an item of seq. Up to next there
// are only comments and blank lines. If those must not stay as they are, as they
// would become part of a block scalar before the item, the comments move to the
// column of the dashes.
func (s *splicer) cutLines(seq *yaml.Node, start, end, next int) {
	if s.tight {
		s.edits = append(s.edits, edit{start: start, end: end, lines: true})
		return
	}
	comments := s.comments(end, next)
	for i := range comments {
		comments[i] = pad(seq.Column-1) + comments[i]
	}
	if comments == nil {
		s.replace(start, next, "")
		return
	}
	s.insert(start, next, comments)
}

// flowCut takes items out of a sequence in flow style, each with the space before
// it and one comma.
func (s *splicer) flowCut(old, changed *yaml.Node) error {
	from := s.at(old)
	if end, ok := s.valueEnd(old); ok && empty(changed) && s.comments(from, end) == nil {
		s.replace(from, end, inline(changed))
		return nil
	}
	comma := -1 // behind the last item that stays
	for i, goes := range going(old, changed) {
		start := s.at(old.Content[i])
		end, ok := s.valueEnd(old.Content[i])
		next := s.comma(end)
		if !goes {
			from, comma = max(start, end), next
			continue
		}
		if !ok {
			return s.refuse(old.Content[i], "a value in flow style that can't be edited in place")
		}
		if next < 0 {
			next = comma
		}
		if next >= 0 {
			s.replace(next, next+1, "")
		}
		if s.comments(from, start) == nil {
			start = len(bytes.TrimRight(s.text[:start], " \t\r\n"))
		}
		s.replace(start, end, "")
		from = end
	}
	return nil
}

// comma is the offset of the comma that follows a value that ends at offset, -1 if
// there is none.
func (s *splicer) comma(offset int) int {
	for i := offset; i < len(s.text); i++ {
		switch s.text[i] {
		case ',':
			return i
		case ' ', '\t', '\r', '\n':
		case '#':
			i = s.nextLine(i) - 1
		default:
			return -1
		}
	}
	return -1
}
