// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/tools/clientcmd/api"
)

// The kinds of things that a Change or a TakenError is about. For the first
// three it is also the key in an item of the section that lists them.
const (
	KindContext        = "context"
	KindCluster        = "cluster"
	KindUser           = "user"
	KindCurrentContext = "current-context"
)

// What a Change does.
const (
	Add    = "add"
	Update = "update"
	Keep   = "keep" // says already what it should
	Remove = "remove"
)

// Change is what a merge or a removal does, or would do, to one thing in one file.
type Change struct {
	File   string
	Kind   string
	Name   string // of a current context that is removed: the one that takes its place, "" if none
	Action string
	Was    string // for KindCurrentContext: the context that was current, "" if none
}

func section(kind string) string { return kind + "s" }

// source is one file of a kubeconfig list and what shall become of it.
type source struct {
	path     string      // as the user or the environment says it
	resolved string      // behind all symbolic links; where it is written
	doc      *document   // as read
	loaded   *api.Config // likewise, as kubectl reads it
	tree     *yaml.Node
	ours     map[string]map[string]bool // kind, name: items touched
	changed  bool
}

// touch notes that an item is ours, so that the check after editing leaves it
// out when it compares what must not have changed.
func (s *source) touch(kind, name string) {
	if s.ours == nil {
		s.ours = map[string]map[string]bool{}
	}
	if s.ours[kind] == nil {
		s.ours[kind] = map[string]bool{}
	}
	s.ours[kind][name] = true
}

// merger edits the trees of all files. As for kubectl, the first file that
// defines a name is the one that counts, and what is new goes to target.
type merger struct {
	sources []*source
	target  *source
	changes []Change
}

// entry adds or updates one entry, or returns a TakenError with the trees left
// half edited, good for nothing.
func (m *merger) entry(e Entry) error {
	parts := []struct{ kind, name string }{
		{KindCluster, e.name()}, {KindContext, e.Context}, {KindUser, e.name()},
	}
	for _, part := range parts {
		if err := m.checkName(part.kind, part.name, e); err != nil {
			return err
		}
	}
	for _, part := range parts {
		m.merge(part.kind, part.name, e)
	}
	return nil
}

func (m *merger) locate(kind, name string) (*source, *yaml.Node) {
	for _, s := range m.sources {
		if item := find(lookup(s.tree, section(kind)), name); item != nil {
			return s, item
		}
	}
	return nil, nil
}

func (m *merger) checkName(kind, name string, e Entry) error {
	s, item := m.locate(kind, name)
	if item == nil {
		return nil
	}
	have, ours := owner(kind, item)
	if ours && have == e.ClusterUUID || kind == KindUser && m.isBare(item, e) {
		return nil
	}
	return &TakenError{Kind: kind, Name: name, File: s.path, Have: have}
}

// isBare reports whether a user item is the empty one that a cluster without
// TLS gets: our cluster entry of the same name says so.
func (m *merger) isBare(user *yaml.Node, e Entry) bool {
	if body := lookup(user, KindUser); body != nil && !empty(body) {
		return false
	}
	_, cluster := m.locate(KindCluster, e.name())
	have, ours := owner(KindCluster, cluster)
	return ours && have == e.ClusterUUID
}

func (m *merger) merge(kind, name string, e Entry) {
	s, item := m.locate(kind, name)
	change := Change{Kind: kind, Name: name, Action: Keep}
	if item == nil {
		s = m.target
		body := newMapping()
		e.apply(kind, body)
		list := child(s.tree, section(kind), newSequence())
		list.Content = append(list.Content, newItem(kind, name, body))
		change.Action = Add
	} else {
		before := clone(item)
		e.apply(kind, child(item, kind, newMapping()))
		if !same(before, item) {
			change.Action = Update
		}
	}
	s.touch(kind, name)
	s.changed = s.changed || change.Action != Keep
	change.File = s.path
	m.changes = append(m.changes, change)
}

// current makes a context the current one: in target, as kubectl does, unless
// the files say so already.
func (m *merger) current(context string) {
	change := Change{File: m.target.path, Kind: KindCurrentContext, Name: context, Action: Add}
	for _, s := range m.sources {
		if change.Was = text(s.tree, KindCurrentContext); change.Was == "" {
			continue
		}
		change.Action = Update
		if change.Was == context {
			change.Action, change.File = Keep, s.path
		}
		break
	}
	if change.Action != Keep {
		set(m.target.tree, KindCurrentContext, newString(context))
		m.target.changed = true
	}
	m.changes = append(m.changes, change)
}

// text is what the file shall hold: what it holds already if nothing changed.
func (s *source) text() ([]byte, error) {
	if !s.changed {
		return s.doc.text, nil
	}
	if s.doc.root == nil {
		sortKeys(s.tree)
	}
	return s.edited()
}
