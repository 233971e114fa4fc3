// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
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
		return s.refuse(old, "an anchor, an alias or a tag on what has to change")
	case isCut(old, changed):
		return s.flowCut(old, changed)
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
	if empty(old) && old.Kind == changed.Kind && old.Kind != yaml.ScalarNode {
		s.fillFlow(start, end, changed)
		return nil
	}
	if s.comments(start, end) != nil {
		return s.refuse(old, "a comment inside a value of ours that has to change")
	}
	prefix, step := s.layout(start)
	s.replace(start, end, s.breakLines(flow(changed, prefix, step)))
	return nil
}

// fillFlow gives content to the empty collection text[start:end] and keeps
// comments between its brackets.
func (s *splicer) fillFlow(start, end int, changed *yaml.Node) {
	prefix, step := s.layout(start)
	whole := s.breakLines(flow(changed, prefix, step))
	s.replace(end-1, end-1, whole[1:len(whole)-1])
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
	return s.layout(s.at(n))
}

// layout says how a value that starts at offset is spread over lines: the white
// space that starts its line and that of one more level. In a document that is
// one line or in block style, the value is written on one line.
func (s *splicer) layout(offset int) (prefix, step string) {
	if !isFlow(s.root) || len(s.root.Content) == 0 {
		return "", ""
	}
	step, alone := s.margin(s.at(s.root.Content[0]))
	line := s.lineStart(offset)
	if !alone || step == "" || line == s.lineStart(s.at(s.root)) {
		return "", ""
	}
	before := string(s.text[line:offset])
	return before[:len(before)-len(strings.TrimLeft(before, " \t"))], step
}
