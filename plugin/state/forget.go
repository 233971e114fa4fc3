// SPDX-License-Identifier: Apache-2.0

package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// ForgetCluster removes the cluster's CA file and all that is remembered of the
// cluster itself: pins, rotation, kubeconfigs, and where its logins are. What of it
// is revoked, or was logged out of, stays: a store may bring it back. Its caller
// holds the cluster's lock. The name goes last, so that who fails can try again.
func (d Dir) ForgetCluster(id string) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	if d.Path == "" || d.CAs == "" {
		return nil
	}
	if err := d.CheckOwner(); err != nil {
		return err
	}
	files := append(d.loginFiles(id), d.CAFile(id))
	for _, what := range []string{"rotations", "kubeconfigs", "clusters"} {
		files = append(files, filepath.Join(d.Path, what, id+".json"))
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// loginFiles are the files of the logins of a cluster.
func (d Dir) loginFiles(id string) (found []string) {
	files, _ := filepath.Glob(filepath.Join(d.Path, "logins", "*.json"))
	for _, file := range files {
		if l, _ := d.Login(strings.TrimSuffix(filepath.Base(file), ".json")); l.Cluster == id {
			found = append(found, file)
		}
	}
	return found
}
