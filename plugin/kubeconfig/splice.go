// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// edit replaces text[start:end]. A lines edit is whole lines: it starts on a
// new one.
type edit struct {
	start, end int
	text       string
	lines      bool
}

// splicer turns a changed tree into the fewest edits of the text that say the
// same. It knows scalars, pairs, and items that are appended or go, which is what
// a merge and a removal need, and refuses any other change.
type splicer struct {
	*document
	tight bool // new lines go before trailing comments and blank lines, not behind them
	edits []edit
}

// splice is the text of d changed to say what tree says.
func (d *document) splice(tree *yaml.Node, tight bool) ([]byte, error) {
	s := splicer{document: d, tight: tight}
	if d.root == nil {
		s.insert(d.limit, d.limit, blockMapping(tree, 0))
	} else if err := s.mapping(d.root, tree, d.limit); err != nil {
		return nil, err
	}
	return s.apply(), nil
}

func (s *splicer) apply() []byte {
	slices.SortStableFunc(s.edits, func(a, b edit) int { return a.start - b.start })
	var out []byte
	done := 0
	for _, e := range s.edits {
		out = append(out, s.text[done:max(done, e.start)]...)
		if e.lines && len(out) > s.lines[0] && !endsLine(out) {
			out = append(out, s.eol...)
		}
		out = append(out, e.text...)
		done = max(done, e.end)
	}
	out = append(out, s.text[done:]...)
	if len(s.text) > s.lines[0] && !endsLine(s.text) && len(s.edits) > 0 && s.edits[len(s.edits)-1].lines && done == len(s.text) {
		out = []byte(strings.TrimSuffix(string(out), s.eol))
	}
	return out
}

func endsLine(text []byte) bool {
	return len(text) > 0 && (text[len(text)-1] == '\n' || text[len(text)-1] == '\r')
}

func (s *splicer) replace(start, end int, text string) {
	s.edits = append(s.edits, edit{start: start, end: end, text: text})
}

// insert puts whole lines in place of text[start:end].
func (s *splicer) insert(start, end int, lines []string) {
	text := strings.Join(lines, s.eol) + s.eol
	s.edits = append(s.edits, edit{start: start, end: end, text: text, lines: true})
}

func (s *splicer) refuse(n *yaml.Node, reason string) error {
	return s.invalid(n.Line, reason)
}

func isFlow(n *yaml.Node) bool { return n.Style&yaml.FlowStyle != 0 }

// isPlainPlace reports whether a node's position is that of its value and not
// that of an anchor or a tag before it.
func isPlainPlace(n *yaml.Node) bool {
	return n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
}
