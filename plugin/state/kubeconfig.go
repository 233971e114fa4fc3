// SPDX-License-Identifier: Apache-2.0

package state

import (
	"path/filepath"
	"slices"
)

// Kubeconfig is a file that has an entry of ours for a cluster, as far as is
// known: it may have been changed or removed since.
type Kubeconfig struct {
	File     string `json:"file"`               // absolute path
	Embedded bool   `json:"embedded,omitempty"` // with the CA in it
}

// maxKubeconfigs is how many files of a cluster are remembered.
const maxKubeconfigs = 32

// Kubeconfigs returns the files that config wrote a cluster into.
func (d Dir) Kubeconfigs(id string) []Kubeconfig {
	var files []Kubeconfig
	if !ValidUUID(id) || !d.read(&files, "kubeconfigs", id+".json") {
		return nil
	}
	return slices.DeleteFunc(files, func(k Kubeconfig) bool { return !filepath.IsAbs(k.File) })
}

// AddKubeconfig remembers a file. Its caller holds the cluster's lock.
func (d Dir) AddKubeconfig(id string, k Kubeconfig) error {
	if !ValidUUID(id) {
		return errNotUUID
	}
	files := d.Kubeconfigs(id)
	if slices.Contains(files, k) {
		return nil
	}
	files = slices.DeleteFunc(files, func(have Kubeconfig) bool { return have.File == k.File })
	files = append(files, k)
	return d.write(files[max(0, len(files)-maxKubeconfigs):], "kubeconfigs", id+".json")
}
