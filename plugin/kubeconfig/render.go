// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// indentStep is how kubectl indents mappings; sequences it does not indent.
const indentStep = 2

// blockPair is a key and its value as lines of block style, the first without
// indentation, the others indented for a key at the given depth.
func blockPair(key, value *yaml.Node, depth int) []string {
	head := scalar(key) + ":"
	switch {
	case value.Kind == yaml.MappingNode && !empty(value):
		return append([]string{head}, blockMapping(value, depth+indentStep)...)
	case value.Kind == yaml.SequenceNode && !empty(value):
		return append([]string{head}, blockSequence(value, depth)...)
	}
	return []string{head + " " + inline(value)}
}

// blockMapping is every line of a mapping whose keys stand at depth.
func blockMapping(m *yaml.Node, depth int) []string {
	var lines []string
	for i := 0; i+1 < len(m.Content); i += 2 {
		pair := blockPair(m.Content[i], m.Content[i+1], depth)
		pair[0] = pad(depth) + pair[0]
		lines = append(lines, pair...)
	}
	return lines
}

// blockSequence is every line of a sequence whose dashes stand at depth.
func blockSequence(seq *yaml.Node, depth int) []string {
	var lines []string
	for _, item := range seq.Content {
		if item.Kind != yaml.MappingNode || empty(item) {
			lines = append(lines, pad(depth)+"- "+inline(item))
			continue
		}
		of := blockMapping(item, depth+indentStep)
		of[0] = pad(depth) + "- " + strings.TrimLeft(of[0], " ")
		lines = append(lines, of...)
	}
	return lines
}

func pad(depth int) string { return strings.Repeat(" ", depth) }

// inline is a value on one line: a scalar as kubectl would write it, a
// collection in flow style.
func inline(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return scalar(n)
	}
	return flow(n, "", "")
}

// scalar is a scalar in the style it had, as far as that can hold its value on
// one line.
func scalar(n *yaml.Node) string {
	switch {
	case n.Tag == tagNull:
		return "null"
	case n.Tag != tagString:
		return n.Value
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return quote(n.Value)
	case n.Style&yaml.SingleQuotedStyle != 0 && isPrintable(n.Value):
		return "'" + strings.ReplaceAll(n.Value, "'", "''") + "'"
	}
	// Marshalling a Go string, not a node, also quotes what only YAML 1.1
	// takes for something else ("yes", "1:20"): kubectl reads YAML 1.1.
	out, err := yaml.Marshal(n.Value)
	plain := strings.TrimSuffix(string(out), "\n")
	if err != nil || strings.Contains(plain, "\n") || !isPrintable(plain) {
		return quote(n.Value)
	}
	return plain
}

func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, isControl)
}

// isControl reports whether r can't stand for itself in YAML or would end a
// line there.
func isControl(r rune) bool {
	return r < ' ' || 0x7f <= r && r <= 0x9f || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r >= 0xfffe && r <= 0xffff
}

// quote is s as a JSON string, which is a double-quoted scalar of YAML too.
func quote(s string) string {
	var buf bytes.Buffer
	encoder := json.NewEncoder(&buf)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return `""`
	}
	var out strings.Builder
	for _, r := range strings.TrimSuffix(buf.String(), "\n") {
		if isControl(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.String()
}

// flow is a value in flow style that is also JSON. With a step it is spread
// over lines that start with prefix, as people lay out JSON; without, it is one
// line.
func flow(n *yaml.Node, prefix, step string) string {
	open, parts, end := "", []string(nil), ""
	switch n.Kind {
	case yaml.MappingNode:
		open, end = "{", "}"
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, flowPair(n.Content[i], n.Content[i+1], prefix+step, step))
		}
	case yaml.SequenceNode:
		open, end = "[", "]"
		for _, item := range n.Content {
			parts = append(parts, flow(item, prefix+step, step))
		}
	case yaml.AliasNode:
		return "*" + n.Value + " "
	default:
		if n.Tag == tagString {
			return quote(n.Value)
		}
		return scalar(n)
	}
	if step == "" || len(parts) == 0 {
		return open + strings.Join(parts, ", ") + end
	}
	inner := "\n" + prefix + step
	return open + inner + strings.Join(parts, ","+inner) + "\n" + prefix + end
}

func flowPair(key, value *yaml.Node, prefix, step string) string {
	return quote(key.Value) + ": " + flow(value, prefix, step)
}
