// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"slices"
)

var errNotWritten = errors.New("its content is not what node-certs writes")

// exact says what a run would mend in a pair of ours that serves otherwise: it
// takes nothing but what it asks for itself, which nobody knows without a server.
func (x *inspector) exact(f *Inspected, p place, found found) {
	if x.node.Server == "" {
		return
	}
	cas := slices.Clone(x.onDisk[p.ca])
	if current := x.cas[p.ca]; current != nil {
		cas = append(cas, current)
	}
	if _, err := usable(found.pair, p.leaf, cas, x.now); err != nil {
		f.problem("%v", err)
	} else if p.kubeconfig != "" && !asWritten(found.kubeconfig, p.leaf.CommonName) {
		f.problem("%v", errNotWritten)
	}
}
