// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// authority looks at a file of CAs. ends says whether one of them, if Magnum
// has it still, is near its end or past it: by our own rule in any layout, as
// nothing renews a CA by itself.
func (x *inspector) authority(which magnum.CAType, name string) (f Inspected, ends bool) {
	f.Path = name
	data, info, err := x.read(name)
	if err != nil {
		f.problem("%v", bare(err))
		return f, false
	}
	x.access(&f, "it", false, info)
	if f.Certificates, err = parseBundle(data); err != nil {
		f.problem("%v", err)
	}
	x.onDisk[which] = f.Certificates
	current := x.cas[which]
	for _, ca := range f.Certificates {
		due := x.now.After(renewAt(ca)) && (current == nil || ca.Equal(current))
		if err := pki.CheckCA(ca, x.now); err != nil {
			f.problem("%v", err)
		} else if due {
			f.problem("%v", errDue)
		}
		ends = ends || due
		switch {
		case current == nil, ca.Equal(current):
		case ca.Subject.String() == current.Subject.String():
			f.problem("it has a CA of before (SHA-256 %s)", pki.Fingerprint(ca))
		default:
			f.problem("it has a CA that is not Magnum's: %s", ca.Subject)
		}
	}
	if current != nil && !contains(f.Certificates, current) {
		f.problem("it lacks Magnum's CA (SHA-256 %s)", pki.Fingerprint(current))
	}
	if x.layout == Ours && len(f.Problems) == 0 && !bytes.Equal(data, marshalBundle(appendCAs(nil, f.Certificates...))) {
		f.problem("%v", errNotWritten)
	}
	return f, ends
}

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
