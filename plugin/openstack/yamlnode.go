// SPDX-License-Identifier: Apache-2.0

package openstack

import "go.yaml.in/yaml/v3"

// visitsMax bounds the mappings, and the keys in them, that are read: merge keys
// can lead into each other, and into themselves, more often than there is time
// for.
const visitsMax = 1_000_000

// mapping reads a YAML mapping with its merge keys (<<), which clouds.yaml files
// use to share an auth section. What is merged in gives way to keys that stand
// in the mapping itself. what names the mapping in errors.
func (f *cloudsFile) mapping(node *yaml.Node, what string) (map[string]entry, error) {
	members := map[string]entry{}
	return members, f.addMapping(members, node, what)
}

func (f *cloudsFile) addMapping(members map[string]entry, node *yaml.Node, what string) error {
	node = target(node)
	if node.Kind != yaml.MappingNode {
		return f.fault(node.Line, what+" is not a mapping")
	}
	if f.visits += 1 + len(node.Content)/2; f.visits > visitsMax {
		return f.fault(node.Line, "too many merge keys")
	}
	own := map[string]bool{}
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := target(node.Content[i]), node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			return f.fault(key.Line, what+" has a key that is not a text")
		case key.Tag == "!!merge":
			merged = append(merged, value)
			continue
		case own[key.Value]:
			return f.fault(key.Line, what+" has a key twice")
		}
		own[key.Value] = true
		if _, set := members[key.Value]; !set {
			members[key.Value] = entry{line: node.Content[i].Line, value: value}
		}
	}
	for _, value := range merged {
		if err := f.merge(members, value, what); err != nil {
			return err
		}
	}
	return nil
}

// merge adds what a merge key gives: a mapping or a list of mappings, of which
// the first goes before the next.
func (f *cloudsFile) merge(members map[string]entry, value *yaml.Node, what string) error {
	value = target(value)
	if value.Kind != yaml.SequenceNode {
		return f.addMapping(members, value, what)
	}
	for _, item := range value.Content {
		if err := f.addMapping(members, item, what); err != nil {
			return err
		}
	}
	return nil
}

// target is the node that an alias stands for. The parser lets none stand for
// another alias.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	node = target(node)
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}
