// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Plan says what Merge would do now. It writes nothing and takes no lock.
func (p Paths) Plan(entries []Entry, setCurrent bool) ([]Change, error) {
	m, err := p.plan(entries, setCurrent)
	if err != nil {
		return nil, err
	}
	for _, s := range m.sources {
		if _, err := s.text(); err != nil {
			return nil, err
		}
	}
	return m.changes, nil
}

// plan reads the files and edits their trees.
func (p Paths) plan(entries []Entry, setCurrent bool) (*merger, error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	all, to, err := p.sources()
	if err != nil {
		return nil, err
	}
	m := &merger{sources: all, target: to}
	for _, e := range entries {
		if err := m.entry(e); err != nil {
			return nil, err
		}
	}
	if setCurrent && len(entries) > 0 {
		m.current(entries[0].Context)
	}
	return m, nil
}

// Merge adds the entries to the user's kubeconfig and updates those of ours
// that are there already, where they are. With setCurrent the first entry's
// context becomes the current one. It changes no file if any entry is refused,
// and writes none that says everything already.
//
// ctx bounds the wait for the lock; at its deadline the error is a
// *LockedError. owner goes into the lock, for people and for the error of
// those who wait.
func (p Paths) Merge(ctx context.Context, entries []Entry, setCurrent bool, owner LockOwner) ([]Change, error) {
	unlock, err := p.lock(ctx, owner)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for {
		changes, err := p.merge(ctx, entries, setCurrent)
		if !errors.Is(err, errChanged) || ctx.Err() != nil {
			return changes, err
		}
	}
}

func (p Paths) merge(ctx context.Context, entries []Entry, setCurrent bool) ([]Change, error) {
	m, err := p.plan(entries, setCurrent)
	if err != nil {
		return nil, err
	}
	if err := writeAll(ctx, m.sources); err != nil {
		return nil, err
	}
	return m.changes, nil
}

// writeAll writes the files that have changed, whose locks are held; none if one
// of them can't be edited.
func writeAll(ctx context.Context, sources []*source) error {
	texts := make([][]byte, len(sources))
	for i, s := range sources {
		var err error
		if texts[i], err = s.text(); err != nil {
			return err
		}
	}
	for i, s := range sources {
		if !s.changed {
			continue
		}
		if err := replace(ctx, s.resolved, s.doc.text, texts[i]); err != nil {
			return err
		}
	}
	return nil
}

// lock takes the locks of all files and makes the directory of the one that
// may be new. Directories of ours are the user's alone.
func (p Paths) lock(ctx context.Context, owner LockOwner) (unlock func(), err error) {
	files, err := p.files()
	if err != nil {
		return nil, err
	}
	goal, err := resolve(target(files))
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{filepath.Dir(target(files)), filepath.Dir(goal)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return lockAll(ctx, files, owner)
}
