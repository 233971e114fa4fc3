// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"cmp"
	"slices"

	"go.yaml.in/yaml/v3"
)

const (
	tagString = "!!str"
	tagNull   = "!!null"
	tagBool   = "!!bool"
)

func newString(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagString, Value: value}
}

func newTrue() *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tagBool, Value: "true"}
}

func newSequence(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

func newStrings(values []string) *yaml.Node {
	seq := newSequence()
	for _, v := range values {
		seq.Content = append(seq.Content, newString(v))
	}
	return seq
}

func newMapping() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
}

// index is the position of key's value in a mapping's content, or -1. A nil
// node and any other kind of node have no keys.
func index(m *yaml.Node, key string) int {
	if m == nil || m.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Kind == yaml.ScalarNode && m.Content[i].Value == key {
			return i + 1
		}
	}
	return -1
}

func lookup(m *yaml.Node, key string) *yaml.Node {
	if i := index(m, key); i >= 0 {
		return m.Content[i]
	}
	return nil
}

// text is the scalar at key, "" if there is none.
func text(m *yaml.Node, key string) string {
	if v := lookup(m, key); v != nil && v.Kind == yaml.ScalarNode && v.Tag != tagNull {
		return v.Value
	}
	return ""
}

// set puts value at key, in the key's place if it is there already. A value
// that is the same stays as it was written.
func set(m *yaml.Node, key string, value *yaml.Node) {
	i := index(m, key)
	switch {
	case i < 0:
		m.Content = append(m.Content, newString(key), value)
	case !same(m.Content[i], value):
		m.Content[i] = value
	}
}

func unset(m *yaml.Node, key string) {
	if i := index(m, key); i >= 0 {
		m.Content = slices.Delete(m.Content, i-1, i+1)
	}
}

// child is the collection at key. If there is none, or null, the one given
// takes its place.
func child(m *yaml.Node, key string, empty *yaml.Node) *yaml.Node {
	if v := lookup(m, key); v != nil && v.Tag != tagNull {
		return v
	}
	set(m, key, empty)
	return lookup(m, key)
}

// clone copies a node and all below it. Aliases keep pointing into the
// original.
func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

// same reports whether two nodes say the same: kinds, tags, values and order.
// Anchors, comments, style and position don't count.
func same(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || len(a.Content) != len(b.Content) {
		return false
	}
	if a.Value != b.Value && a.ShortTag() != tagNull {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// empty reports whether n is null or a collection without content.
func empty(n *yaml.Node) bool {
	return n.Kind != yaml.AliasNode && len(n.Content) == 0 && (n.Kind != yaml.ScalarNode || n.Tag == tagNull)
}

// sortKeys puts the keys of a new kubeconfig into the order that kubectl
// writes, which is alphabetical.
func sortKeys(m *yaml.Node) {
	pairs := slices.Collect(slices.Chunk(m.Content, 2))
	slices.SortStableFunc(pairs, func(a, b []*yaml.Node) int { return cmp.Compare(a[0].Value, b[0].Value) })
	m.Content = slices.Concat(pairs...)
}
