// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mapping edits the block mapping old, which ends before limit at the latest.
func (s *splicer) mapping(old, changed *yaml.Node, limit int) error {
	if isFlow(old) {
		return s.flowMapping(old, changed)
	}
	column := old.Content[0].Column
	for i := 0; i+1 < len(old.Content); i += 2 {
		end := limit
		if i+2 < len(old.Content) {
			end = s.lineStart(s.at(old.Content[i+2]))
		}
		if err := s.pair(old.Content[i], old.Content[i+1], lookup(changed, old.Content[i].Value), end); err != nil {
			return err
		}
	}
	var added []string
	for i := 0; i+1 < len(changed.Content); i += 2 {
		if index(old, changed.Content[i].Value) < 0 {
			pair := blockPair(changed.Content[i], changed.Content[i+1], column-1)
			pair[0] = pad(column-1) + pair[0]
			added = append(added, pair...)
		}
	}
	if added != nil {
		end := s.contentEnd(limit, column)
		s.insert(end, end, added)
	}
	return nil
}

// pair edits one key of a block mapping; changed is nil if the key goes.
func (s *splicer) pair(key, old, changed *yaml.Node, limit int) error {
	switch {
	case key.Kind != yaml.ScalarNode:
		return nil
	case changed == nil:
		return s.deletePair(key, old, limit)
	case same(old, changed):
		return nil
	case old.Kind == yaml.AliasNode || !isPlainPlace(old):
		return s.refuse(key, "an anchor, an alias or a tag on what has to change")
	case old.Tag == tagNull && old.Value == "" && changed.Kind == yaml.ScalarNode:
		return s.say(key, changed)
	case isCut(old, changed):
		return s.cut(key, old, changed, limit)
	case empty(old) && !empty(changed) && changed.Kind != yaml.ScalarNode:
		return s.fill(key, old, changed)
	case empty(changed) || old.Kind != changed.Kind:
		return s.replacePair(key, old, changed, limit)
	case old.Kind == yaml.MappingNode:
		return s.mapping(old, changed, limit)
	case old.Kind == yaml.SequenceNode && len(changed.Content) >= len(old.Content):
		return s.sequence(old, changed, limit)
	case old.Kind == yaml.ScalarNode && s.scalar(old, changed):
		return nil
	}
	return s.replacePair(key, old, changed, limit)
}

// scalar replaces a scalar where it stands and reports whether it could.
func (s *splicer) scalar(old, changed *yaml.Node) bool {
	start := s.at(old)
	end, ok := s.valueEnd(old)
	if !ok || end == start {
		return false
	}
	styled := *changed
	if old.Value != "" {
		styled.Style = old.Style
	}
	s.replace(start, end, scalar(&styled))
	return true
}

// say gives a key that stands without a value one that fits behind it.
func (s *splicer) say(key, changed *yaml.Node) error {
	end, ok := s.valueEnd(key)
	if !ok {
		return s.refuse(key, "an empty value that can't be filled")
	}
	colon := end + strings.IndexByte(string(s.text[end:]), ':') + 1
	s.replace(colon, colon, " "+inline(changed))
	return nil
}

// fill gives content to a key whose value is null, [] or {}.
func (s *splicer) fill(key, old, changed *yaml.Node) error {
	depth := key.Column - 1
	lines := blockSequence(changed, depth)
	if changed.Kind == yaml.MappingNode {
		lines = blockMapping(changed, depth+indentStep)
	}
	end := s.at(key)
	if old.Value != "" || old.Kind != yaml.ScalarNode {
		start := s.at(old)
		valueEnd, ok := s.valueEnd(old)
		if !ok {
			return s.refuse(old, "an empty value that can't be filled")
		}
		if bytes.ContainsRune(s.text[start:valueEnd], '#') {
			s.fillFlow(start, valueEnd, changed)
			return nil
		}
		for s.text[start-1] == ' ' || s.text[start-1] == '\t' {
			start--
		}
		s.replace(start, valueEnd, "")
		end = valueEnd
	}
	next := s.nextLine(end)
	s.insert(next, next, lines)
	return nil
}

// sequence edits the items of a block sequence and appends those that are new.
func (s *splicer) sequence(old, changed *yaml.Node, limit int) error {
	if isFlow(old) {
		return s.flowSequence(old, changed)
	}
	for i, item := range old.Content {
		end := limit
		if i+1 < len(old.Content) {
			end = s.dashLine(old, old.Content[i+1])
		}
		if err := s.item(item, changed.Content[i], end); err != nil {
			return err
		}
	}
	if added := changed.Content[len(old.Content):]; len(added) > 0 {
		end := s.contentEnd(limit, old.Column)
		s.insert(end, end, blockSequence(newSequence(added...), old.Column-1))
	}
	return nil
}

func (s *splicer) item(old, changed *yaml.Node, limit int) error {
	switch {
	case same(old, changed):
		return nil
	case !isPlainPlace(old) || old.Kind != changed.Kind || empty(old):
		return s.refuse(old, "an anchor, an alias or a tag on what has to change")
	case old.Kind == yaml.MappingNode:
		return s.mapping(old, changed, limit)
	case old.Kind == yaml.ScalarNode && s.scalar(old, changed):
		return nil
	}
	return s.refuse(old, "an entry of ours in a form that can't be edited in place")
}

// dashLine is the offset of the line with the dash of an item of seq: the
// item's own line, or one above.
func (s *splicer) dashLine(seq, item *yaml.Node) int {
	for line := item.Line; line >= seq.Line; line-- {
		dash := s.at(&yaml.Node{Line: line, Column: seq.Column})
		if _, first := s.margin(dash); first && dash < len(s.text) && s.text[dash] == '-' {
			return s.lines[line-1]
		}
	}
	return s.lineStart(s.at(item))
}

func (s *splicer) replacePair(key, old, changed *yaml.Node, limit int) error {
	start, end := s.at(key), s.nodeEnd(old, key, limit)
	depth := key.Column - 1
	lines := blockPair(key, changed, depth)
	for _, comment := range s.comments(start, end) {
		lines = append(lines, pad(depth)+comment)
	}
	text := strings.Join(lines, s.eol)
	if end > 0 && endsLine(s.text[:end]) {
		text += s.eol
	}
	s.replace(start, end, text)
	return nil
}

func (s *splicer) deletePair(key, old *yaml.Node, limit int) error {
	if _, first := s.margin(s.at(key)); !first {
		return s.refuse(key, "an entry of ours whose first key would have to go")
	}
	start, end := s.lineStart(s.at(key)), s.nodeEnd(old, key, limit)
	if comments := s.comments(start, end); comments != nil {
		for i := range comments {
			comments[i] = pad(key.Column-1) + comments[i]
		}
		s.insert(start, end, comments)
		return nil
	}
	s.replace(start, end, "")
	return nil
}
