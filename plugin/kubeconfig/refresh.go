// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"

	"go.yaml.in/yaml/v3"
)

// RefreshCA replaces the CA data that a file has in it for a cluster, in entries
// of ours that have some, and says whether there was anything to replace. It
// adds nothing: an entry that names a CA file, or is gone, stays as it is.
//
// ctx bounds the wait for the lock, as for [Paths.Merge].
func RefreshCA(ctx context.Context, file, clusterUUID string, caData []byte, lockOwner LockOwner) (changed bool, err error) {
	if s, err := refresh(file, clusterUUID, caData); err != nil || !s.changed {
		return false, err // the everyday case takes no lock
	}
	unlock, err := lockAll(ctx, []string{file}, lockOwner)
	if err != nil {
		return false, err
	}
	defer unlock()
	for {
		s, err := refresh(file, clusterUUID, caData)
		if err != nil || !s.changed {
			return false, err
		}
		text, err := s.text()
		if err != nil {
			return false, err
		}
		err = replace(ctx, s.resolved, s.doc.text, text)
		if !errors.Is(err, errChanged) || ctx.Err() != nil {
			return err == nil, err
		}
	}
}

// refresh reads a file and edits its tree.
func refresh(file, clusterUUID string, caData []byte) (*source, error) {
	s, err := read(file)
	if err != nil {
		return nil, err
	}
	list := lookup(s.tree, section(KindCluster))
	if list == nil {
		return s, nil
	}
	for _, item := range list.Content {
		body := lookup(item, KindCluster)
		if have, ours := owner(KindCluster, item); ours && have == clusterUUID && refreshBody(body, caData) {
			s.touch(KindCluster, text(item, "name"))
			s.changed = true
		}
	}
	return s, nil
}

func refreshBody(body *yaml.Node, caData []byte) (changed bool) {
	const key = "certificate-authority-data"
	have, err := base64.StdEncoding.DecodeString(text(body, key))
	if err != nil || len(have) == 0 || bytes.Equal(have, caData) {
		return false
	}
	set(body, key, newString(base64.StdEncoding.EncodeToString(caData)))
	return true
}
