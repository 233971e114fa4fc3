// SPDX-License-Identifier: Apache-2.0

package nodecert

import "github.com/kubectl-magnum/kubectl-magnum/plugin/pki"

// bundle compares the CAs of a kubeconfig with those beside it.
func (x *inspector) bundle(f *Inspected, p place, c credentials) {
	data := c.bundle
	if c.caFile != "" {
		var err error
		if data, _, err = x.read(beside(p.kubeconfig, c.caFile)); err != nil {
			f.problem("its CA: %v", bare(err))
			return
		}
	}
	cas, err := parseBundle(data)
	if err != nil {
		f.problem("its CA: %v", err)
		return
	}
	for _, ca := range x.onDisk[p.ca] {
		if !contains(cas, ca) {
			f.problem("it does not trust a CA that the node does (SHA-256 %s)", pki.Fingerprint(ca))
		}
	}
	for _, ca := range cas {
		if !contains(x.onDisk[p.ca], ca) {
			f.problem("it trusts a CA that the node does not (SHA-256 %s)", pki.Fingerprint(ca))
		}
	}
}
