// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Credential is one that was issued on this machine, so that its record can be
// found without a kubeconfig. It holds no secret, and the record may be gone.
type Credential struct {
	Cluster string        `json:"cluster"` // UUID
	Project string        `json:"project"`
	Owner   string        `json:"owner"`
	User    string        `json:"user"`
	Groups  []string      `json:"groups,omitempty"`
	MaxAge  time.Duration `json:"max_age"`
}

// Credentials returns the credentials of a cluster by their keys, which are
// sorted by user.
func (d Dir) Credentials(cluster string) (keys []string, all map[string]Credential) {
	all = map[string]Credential{}
	if d.Path == "" {
		return nil, all
	}
	files, err := os.ReadDir(filepath.Join(d.Path, "credentials"))
	if err != nil {
		return nil, all
	}
	for _, file := range files {
		id, ok := strings.CutSuffix(file.Name(), ".json")
		var c Credential
		if ok && key.MatchString(id) && d.read(&c, "credentials", file.Name()) && c.Cluster == cluster {
			keys, all[id] = append(keys, id), c
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(all[a].User, all[b].User), cmp.Compare(a, b))
	})
	return keys, all
}

// AddCredential remembers c under its key.
func (d Dir) AddCredential(id string, c Credential) error {
	if !key.MatchString(id) {
		return errNotKey
	}
	var have Credential
	if d.read(&have, "credentials", id+".json") && have.equal(c) {
		return nil
	}
	return d.write(c, "credentials", id+".json")
}

func (c Credential) equal(d Credential) bool {
	return c.Cluster == d.Cluster && c.Project == d.Project && c.Owner == d.Owner &&
		c.User == d.User && c.MaxAge == d.MaxAge && slices.Equal(c.Groups, d.Groups)
}

// Clusters returns the UUIDs of all clusters that anything is known of.
func (d Dir) Clusters() []string {
	if d.Path == "" {
		return nil
	}
	files, err := os.ReadDir(filepath.Join(d.Path, "clusters"))
	if err != nil {
		return nil
	}
	var found []string
	for _, file := range files {
		if id, ok := strings.CutSuffix(file.Name(), ".json"); ok && ValidUUID(id) {
			found = append(found, id)
		}
	}
	return found
}
