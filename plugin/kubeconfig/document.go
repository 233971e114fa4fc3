// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxSize is far above any kubeconfig people have, and far below what would
// hurt to parse.
const maxSize = 16 << 20

// document is a kubeconfig as text and as nodes that know their place in it.
type document struct {
	file  string // for errors
	text  []byte
	root  *yaml.Node // a mapping, or nil if the file says nothing
	lines []int      // offset of each line
	limit int        // offset behind the document: the end, or the "..." that says so
	eol   string
}

// parse reads text, which may be empty, and refuses what could not be edited
// faithfully.
func parse(file string, text []byte) (*document, error) {
	d := &document{file: file, text: text, limit: len(text)}
	if len(text) > maxSize {
		return nil, d.invalid(0, fmt.Sprintf("larger than %d bytes", maxSize))
	}
	if !utf8.Valid(text) {
		return nil, d.invalid(0, "not UTF-8")
	}
	d.split()
	root, err := d.decode()
	if err != nil {
		return nil, err
	}
	switch {
	case root == nil:
		return d, nil
	case root.Tag == tagNull && root.Value == "" && root.Anchor == "":
		return d, nil
	case root.Kind != yaml.MappingNode:
		return nil, d.invalid(root.Line, "not a mapping")
	}
	d.root = root
	return d, d.checkKeys(root)
}

func (d *document) invalid(line int, reason string) error {
	return &InvalidError{File: d.file, Line: line, Reason: reason}
}

// decode is the root node of the only document, nil if there is none.
func (d *document) decode() (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(d.text))
	var doc, next yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, d.syntax(err)
	}
	if err := decoder.Decode(&next); err == nil {
		return nil, d.invalid(next.Line, "more than one document")
	} else if !errors.Is(err, io.EOF) {
		return nil, d.syntax(err)
	}
	return doc.Content[0], nil
}

var yamlError = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
})

// syntax takes the line out of a parser's error. The parser names characters
// and anchors in its errors but no values.
func (d *document) syntax(err error) error {
	m := yamlError().FindStringSubmatch(err.Error())
	if m == nil {
		return d.invalid(0, "not YAML")
	}
	line, _ := strconv.Atoi(m[1]) // 0 if the parser gave none
	return d.invalid(line, "not YAML: "+m[2])
}

// checkKeys refuses a mapping that has a key twice: parsers disagree on which
// one counts.
func (d *document) checkKeys(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				continue
			}
			if seen[key.Value] {
				return d.invalid(key.Line, "a key for the second time in one mapping")
			}
			seen[key.Value] = true
		}
	}
	for _, child := range n.Content {
		if err := d.checkKeys(child); err != nil {
			return err
		}
	}
	return nil
}

// tree is a copy of the root to edit; for a file that says nothing, the start
// of a new kubeconfig.
func (d *document) tree() *yaml.Node {
	if d.root != nil {
		return clone(d.root)
	}
	m := newMapping()
	set(m, "apiVersion", newString("v1"))
	set(m, "kind", newString("Config"))
	return m
}

const byteOrderMark = "\ufeff"

// split finds the lines as the YAML scanner counts them: NEL, LS and PS end a
// line too, and a byte order mark is no part of the first.
func (d *document) split() {
	start := 0
	if bytes.HasPrefix(d.text, []byte(byteOrderMark)) {
		start = len(byteOrderMark)
	}
	d.lines = []int{start}
	d.eol = "\n"
	for i, r := range string(d.text) {
		end := i + utf8.RuneLen(r)
		switch r {
		case '\n', '\u0085', '\u2028', '\u2029':
		case '\r':
			if end < len(d.text) && d.text[end] == '\n' {
				continue
			}
		default:
			continue
		}
		d.lines = append(d.lines, end)
		if bytes.HasPrefix(d.text[d.lines[len(d.lines)-2]:end], []byte("...")) {
			d.limit = min(d.limit, d.lines[len(d.lines)-2])
		}
	}
	if first, _, ok := strings.Cut(string(d.text), "\n"); ok && strings.HasSuffix(first, "\r") {
		d.eol = "\r\n"
	}
}

// at is the offset at which a node of the document starts.
func (d *document) at(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(d.lines) {
		return len(d.text)
	}
	offset := d.lines[n.Line-1]
	for range n.Column - 1 {
		_, size := utf8.DecodeRune(d.text[offset:])
		offset += size
	}
	return offset
}

// lineStart is the offset of the line that offset lies in.
func (d *document) lineStart(offset int) int {
	i, found := slices.BinarySearch(d.lines, offset)
	if found {
		return offset
	}
	return d.lines[max(i-1, 0)]
}

// nextLine is the offset of the line after the one that offset lies in, or the
// end of the text.
func (d *document) nextLine(offset int) int {
	i, found := slices.BinarySearch(d.lines, offset)
	if found {
		i++
	}
	if i < len(d.lines) {
		return d.lines[i]
	}
	return len(d.text)
}

// margin is the white space between the start of a line and offset, and
// whether there is nothing else.
func (d *document) margin(offset int) (string, bool) {
	before := string(d.text[d.lineStart(offset):offset])
	return before, strings.Trim(before, " \t") == ""
}
