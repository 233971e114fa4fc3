// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Removal says which cluster's entries are to be removed.
type Removal struct {
	ClusterUUID string
	CAFile      string   // absolute path of the cluster's CA file; "" for none
	Others      []string // other files that may refer to the cluster; they are read alone
}

// Removed is what Remove did, or would do.
type Removed struct {
	Changes []Change
	// Left are the files, of all that were looked at, that refer to the cluster
	// after that.
	Left []Reference
}

// Reference is a file that refers to a cluster.
type Reference struct {
	File string
	// Ours: it has entries of ours for the cluster, or can't be read, and may have
	// some. Else an entry of somebody else's names the CA file.
	Ours bool
}

// PlanRemoval says what Remove would do now. It writes nothing and takes no lock.
func (p Paths) PlanRemoval(r Removal) (*Removed, error) {
	m, err := p.planRemoval(r)
	if err != nil {
		return nil, err
	}
	for _, s := range m.sources {
		if _, err := s.text(); err != nil {
			return nil, err
		}
	}
	return m.removed(), nil
}

// Remove takes the entries that are ours for a cluster out of the user's
// kubeconfig, all of them from all its files, and unsets the current context if
// it is one of them. Whatever else is in the files stays, to the letter. It
// changes no file if a context of somebody else's needs one of the entries (an
// *InUseError), and takes no lock where there is nothing to remove.
//
// ctx and owner are as for [Paths.Merge].
func (p Paths) Remove(ctx context.Context, r Removal, owner LockOwner) (*Removed, error) {
	m, err := p.planRemoval(r)
	if err != nil {
		return nil, err
	}
	if len(m.changes) == 0 {
		return m.removed(), nil
	}
	files, err := p.files()
	if err != nil {
		return nil, err
	}
	unlock, err := lockAll(ctx, files, owner)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for {
		if m, err = p.planRemoval(r); err == nil {
			err = writeAll(ctx, m.sources)
		}
		if err == nil {
			return m.removed(), nil
		}
		if !errors.Is(err, errChanged) || ctx.Err() != nil {
			return nil, err
		}
	}
}

// remover edits the trees of all files.
type remover struct {
	Removal
	sources []*source
	changes []Change
}

func (p Paths) planRemoval(r Removal) (*remover, error) {
	all, _, err := p.sources()
	if err != nil {
		return nil, err
	}
	m := &remover{Removal: r, sources: all}
	return m, m.plan()
}

func (m *remover) plan() error {
	bare := m.bareUsers()
	for _, kind := range []string{KindContext, KindCluster, KindUser} {
		for _, s := range m.sources {
			m.remove(s, kind, func(item *yaml.Node) bool {
				have, ours := owner(kind, item)
				return ours && have == m.ClusterUUID || kind == KindUser && bare[text(item, "name")] && empty(userBody(item))
			})
		}
	}
	m.unsetCurrent()
	return m.checkUse()
}

// bareUsers are the names that the empty user of a cluster without TLS may have:
// those of our cluster entries.
func (m *remover) bareUsers() map[string]bool {
	names := map[string]bool{}
	for _, s := range m.sources {
		for _, item := range items(s.tree, KindCluster) {
			if have, ours := owner(KindCluster, item); ours && have == m.ClusterUUID {
				names[text(item, "name")] = true
			}
		}
	}
	return names
}

func userBody(item *yaml.Node) *yaml.Node {
	if body := lookup(item, KindUser); body != nil {
		return body
	}
	return newMapping()
}

// items are those of a section, none if it is missing or null.
func items(tree *yaml.Node, kind string) []*yaml.Node {
	list := lookup(tree, section(kind))
	if list == nil {
		return nil
	}
	return list.Content
}

func (m *remover) remove(s *source, kind string, goes func(*yaml.Node) bool) {
	list := lookup(s.tree, section(kind))
	for _, item := range items(s.tree, kind) {
		if !goes(item) {
			continue
		}
		name := text(item, "name")
		s.touch(kind, name)
		s.changed = true
		m.changes = append(m.changes, Change{File: s.path, Kind: kind, Name: name, Action: Remove})
	}
	if list != nil {
		list.Content = slices.DeleteFunc(list.Content, goes)
	}
}

// goes says whether an entry is removed, in whichever file.
func (m *remover) goes(kind, name string) bool {
	return slices.ContainsFunc(m.sources, func(s *source) bool { return s.ours[kind][name] })
}

// unsetCurrent sets the current context to none where it names a context that
// goes: left as it is, it would mean whatever gets that name next.
func (m *remover) unsetCurrent() {
	change := Change{Kind: KindCurrentContext, Action: Remove}
	before := m.current()
	for _, s := range m.sources {
		current := text(s.tree, KindCurrentContext)
		if current == "" || !m.goes(KindContext, current) {
			continue
		}
		set(s.tree, KindCurrentContext, newString(""))
		s.changed = true
		if change.Was == "" && current == before {
			change.File, change.Was = s.path, current
		}
	}
	if change.Was != "" {
		change.Name = m.current()
		m.changes = append(m.changes, change)
	}
}

// current is the current context as kubectl has it: that of the first file that
// names one.
func (m *remover) current() string {
	for _, s := range m.sources {
		if current := text(s.tree, KindCurrentContext); current != "" {
			return current
		}
	}
	return ""
}

// checkUse refuses to take away what a context needs that stays.
func (m *remover) checkUse() error {
	for _, s := range m.sources {
		for _, name := range slices.Sorted(maps.Keys(s.loaded.Contexts)) {
			if s.ours[KindContext][name] {
				continue
			}
			needs := s.loaded.Contexts[name]
			switch {
			case m.goes(KindCluster, needs.Cluster):
				return &InUseError{File: s.path, Context: name, Kind: KindCluster, Name: needs.Cluster}
			case m.goes(KindUser, needs.AuthInfo):
				return &InUseError{File: s.path, Context: name, Kind: KindUser, Name: needs.AuthInfo}
			}
		}
	}
	return nil
}

// removed is the result, with a look at all files.
func (m *remover) removed() *Removed {
	r := &Removed{Changes: m.changes}
	seen := map[string]bool{}
	add := func(s *source) {
		seen[s.resolved] = true
		if ours, any := m.refers(s); any {
			r.Left = append(r.Left, Reference{File: s.path, Ours: ours})
		}
	}
	for _, s := range m.sources {
		add(s)
	}
	for _, file := range m.Others {
		if resolved, err := resolve(file); err == nil && seen[resolved] {
			continue
		}
		if s, err := read(file); err == nil {
			add(s)
		} else {
			r.Left = append(r.Left, Reference{File: file, Ours: true})
		}
	}
	return r
}

// refers says whether a file, as it is to be, refers to the cluster at all, and
// whether by an entry of ours.
func (m *remover) refers(s *source) (ours, any bool) {
	for _, kind := range []string{KindContext, KindCluster, KindUser} {
		for _, item := range items(s.tree, kind) {
			if have, is := owner(kind, item); is && have == m.ClusterUUID {
				return true, true
			}
		}
	}
	for name, cluster := range s.loaded.Clusters {
		file := cluster.CertificateAuthority
		if file != "" && !filepath.IsAbs(file) {
			file = filepath.Join(filepath.Dir(s.resolved), file)
		}
		if file != "" && filepath.Clean(file) == filepath.Clean(m.CAFile) && !s.ours[KindCluster][name] {
			return false, true
		}
	}
	return false, false
}
