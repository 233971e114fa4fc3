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
// same. It knows scalars, pairs and appended items, which is what a merge
// needs, and refuses any other change.
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
		return s.refuse(key, "an entry of ours with an anchor, an alias or a tag")
	case old.Tag == tagNull && old.Value == "" && changed.Kind == yaml.ScalarNode:
		return s.say(key, changed)
	case empty(old) && !empty(changed) && changed.Kind != yaml.ScalarNode:
		return s.fill(key, old, changed)
	case empty(changed) || old.Kind != changed.Kind:
		return s.replacePair(key, old, changed, limit)
	case old.Kind == yaml.MappingNode:
		return s.mapping(old, changed, limit)
	case old.Kind == yaml.SequenceNode && len(changed.Content) >= len(old.Content):
		return s.sequence(old, changed, limit)
	case old.Kind == yaml.ScalarNode && s.scalar(old, changed, scalar):
		return nil
	}
	return s.replacePair(key, old, changed, limit)
}

// scalar replaces a scalar where it stands and reports whether it could.
func (s *splicer) scalar(old, changed *yaml.Node, render func(*yaml.Node) string) bool {
	start := s.at(old)
	end, ok := s.valueEnd(old)
	if !ok || end == start {
		return false
	}
	styled := *changed
	if old.Value != "" {
		styled.Style = old.Style
	}
	s.replace(start, end, render(&styled))
	return true
}

// say gives a scalar to a key that stands without a value.
func (s *splicer) say(key, changed *yaml.Node) error {
	end, ok := s.valueEnd(key)
	if !ok {
		return s.refuse(key, "an empty value that can't be filled")
	}
	colon := end + strings.IndexByte(string(s.text[end:]), ':') + 1
	s.replace(colon, colon, " "+scalar(changed))
	return nil
}

// fill gives content to a key whose value is null, [] or {}.
func (s *splicer) fill(key, old, changed *yaml.Node) error {
	end := s.at(key)
	if old.Value != "" || old.Kind != yaml.ScalarNode {
		start := s.at(old)
		valueEnd, ok := s.valueEnd(old)
		if !ok {
			return s.refuse(old, "an empty value that can't be filled")
		}
		for s.text[start-1] == ' ' || s.text[start-1] == '\t' {
			start--
		}
		s.replace(start, valueEnd, "")
		end = valueEnd
	}
	depth := key.Column - 1
	lines := blockSequence(changed, depth)
	if changed.Kind == yaml.MappingNode {
		lines = blockMapping(changed, depth+indentStep)
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
		return s.refuse(old, "an entry of ours with an anchor, an alias or a tag")
	case old.Kind == yaml.MappingNode:
		return s.mapping(old, changed, limit)
	case old.Kind == yaml.ScalarNode && s.scalar(old, changed, scalar):
		return nil
	}
	return s.refuse(old, "an entry of ours in a form that can't be edited in place")
}

// dashLine is the offset of the line with the dash of an item of seq: the
// item's own line, or one above.
func (s *splicer) dashLine(seq, item *yaml.Node) int {
	for line := item.Line; line > seq.Line; line-- {
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
	for _, comment := range s.comments(start, end, key, old) {
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
	if comments := s.comments(start, end, key, old); comments != nil {
		for i := range comments {
			comments[i] = pad(key.Column-1) + comments[i]
		}
		s.insert(start, end, comments)
		return nil
	}
	s.replace(start, end, "")
	return nil
}

// nodeEnd is the end of the last line of a key's value, which ends before
// limit.
func (s *splicer) nodeEnd(n, key *yaml.Node, limit int) int {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == tagNull && n.Value == "":
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

// comments are those in text[start:end], which holds the given nodes and
// would go with them. Comments that have their line are found in the text, for
// the parser loses some; those behind something only the parser can tell.
func (s *splicer) comments(start, end int, nodes ...*yaml.Node) []string {
	var known, found []string
	for _, n := range nodes {
		known = append(known, parsedComments(n)...)
	}
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) }) // "# a # b" before "# b"
	for line := range strings.Lines(string(s.text[start:end])) {
		line = strings.TrimSpace(line)
		if i := slices.IndexFunc(known, func(c string) bool { return strings.HasSuffix(line, c) }); i >= 0 {
			found = append(found, known[i])
		} else if strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}

// parsedComments are the lines of all comments that the parser has found at n
// and below.
func parsedComments(n *yaml.Node) []string {
	var found []string
	for line := range strings.Lines(n.HeadComment + "\n" + n.LineComment + "\n" + n.FootComment) {
		if line = strings.TrimSpace(line); line != "" {
			found = append(found, line)
		}
	}
	for _, child := range n.Content {
		found = append(found, parsedComments(child)...)
	}
	return found
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
