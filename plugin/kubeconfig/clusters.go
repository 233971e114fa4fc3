// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import "slices"

// Cluster is one that the user's kubeconfig has entries of ours for.
type Cluster struct {
	UUID string
	Name string // Magnum's or, where no user entry says that, its first context's
}

// Clusters returns the clusters that the user's kubeconfig has entries of ours
// for. One is there several times if it has several names.
func (p Paths) Clusters() ([]Cluster, error) {
	all, _, err := p.sources()
	if err != nil {
		return nil, err
	}
	var found []Cluster
	for _, kind := range []string{KindUser, KindContext} {
		for _, s := range all {
			for _, item := range items(s.tree, kind) {
				uuid, ours := owner(kind, item)
				known := func(c Cluster) bool { return c.UUID == uuid }
				if !ours || kind == KindContext && slices.ContainsFunc(found, known) {
					continue
				}
				name := text(item, "name")
				if kind == KindUser {
					_, args := commandLine(item)
					name, _ = flagValue(args, "--cluster-name=")
				}
				found = append(found, Cluster{UUID: uuid, Name: name})
			}
		}
	}
	return found, nil
}
