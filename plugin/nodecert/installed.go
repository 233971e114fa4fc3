// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Authorities are a cluster's CAs as Magnum has them now.
type Authorities map[magnum.CAType]*x509.Certificate

// OtherClusterError means that what is on the node is of another cluster, or of
// none of Magnum's.
type OtherClusterError struct {
	Path   string // of the file that shows it
	Dir    string // etc/kubernetes, which is of the other cluster
	Reason string
}

func (e *OtherClusterError) Error() string {
	return fmt.Sprintf("%s %s: this is another cluster's node", e.Path, e.Reason)
}

// clusterFile has the UUID of the cluster that pki is of, and goes where that
// goes. A CA says no more than a name, which a later cluster may have too.
const clusterFile = "pki/magnum-cluster"

// installed is what a node has, as far as it is ours.
type installed struct {
	tree    tree                                  // of what there is
	bundles map[magnum.CAType][]*x509.Certificate // CAs of before, without Magnum's own
	pairs   map[string]pair                       // by the item's path; of what there is
	users   map[string]userInfo                   // of kubeconfigs; of what there is
	exposed map[string]bool                       // keys that others could read
	lost    map[magnum.CAType]bool                // nothing says which CAs of before there are
	known   bool                                  // that all is of this cluster
}

// readInstalled reads what there is of a node's files. What cannot be
// understood is as if it were not there; what others could have placed is an
// error.
func (d *Dir) readInstalled(n Node, o Options) (*installed, error) {
	have := &installed{
		tree: tree{}, bundles: map[magnum.CAType][]*x509.Certificate{}, pairs: map[string]pair{},
		users: map[string]userInfo{}, exposed: map[string]bool{}, lost: map[magnum.CAType]bool{},
	}
	if err := d.readCluster(have, o.UUID); err != nil {
		return nil, err
	}
	embedded, err := d.readItems(n, have)
	if err != nil {
		return nil, err
	}
	for _, which := range n.CATypes() {
		if err := d.readBundle(which, have, o.Authorities, embedded, o.Now); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{saKey, saPublic} {
		f, err := d.read(name)
		if err != nil {
			return nil, err
		}
		have.add(name, f)
		have.exposed[name] = name == saKey && exposed(f)
	}
	return have, nil
}

func (d *Dir) readCluster(have *installed, uuid string) error {
	f, err := d.read(clusterFile)
	if err != nil || f.missing() {
		return err
	}
	have.add(clusterFile, f)
	installed := strings.TrimSpace(string(f.data))
	if have.known = installed == uuid; !have.known {
		return &OtherClusterError{d.said(clusterFile), d.Path, fmt.Sprintf("names the cluster %.64q, and Magnum's is %q", installed, uuid)}
	}
	return nil
}

func (h *installed) add(name string, f file) {
	if !f.missing() {
		h.tree[name] = f.data
	}
}

// readItems reads keys and certificates, and returns the CAs in kubeconfigs
// that others cannot have written there.
func (d *Dir) readItems(n Node, have *installed) (embedded []*x509.Certificate, err error) {
	for _, i := range n.items() {
		if i.kubeconfig() {
			f, err := d.read(i.path)
			if err != nil {
				return nil, err
			}
			have.add(i.path, f)
			if c, err := parseKubeconfig(f.data); err == nil && !f.missing() {
				have.pairs[i.path] = c.pair
				have.exposed[i.path] = exposed(f)
				if user, ok := d.userOf(c); ok {
					have.users[i.path] = user
				}
				if f.info.Mode().Perm()&0o022 == 0 {
					cas, _ := parseBundle(c.bundle)
					embedded = appendCAs(embedded, cas...)
				}
			}
			continue
		}
		cert, err := d.read(i.path + ".crt")
		if err != nil {
			return nil, err
		}
		key, err := d.read(i.path + ".key")
		if err != nil {
			return nil, err
		}
		have.add(i.path+".crt", cert)
		have.add(i.path+".key", key)
		have.pairs[i.path] = pair{cert.data, key.data}
		have.exposed[i.path] = exposed(key)
	}
	return embedded, nil
}

func exposed(f file) bool { return !f.missing() && f.info.Mode().Perm()&0o077 != 0 }

// readBundle reads the CAs of before. If their file is damaged in the middle of
// a rotation, the kubeconfigs still have those of Kubernetes, unless they may be
// of another cluster's.
func (d *Dir) readBundle(which magnum.CAType, have *installed, cas Authorities, embedded []*x509.Certificate, now time.Time) error {
	name := caFiles[which]
	f, err := d.read(name)
	if err != nil {
		return err
	}
	if !f.missing() && f.info.Mode().Perm()&0o022 != 0 {
		return &PlacedError{d.said(name), "can be written by others"}
	}
	have.add(name, f)
	bundle, err := parseBundle(f.data)
	if err != nil && which == magnum.Kubernetes && have.known {
		bundle = embedded
	}
	have.lost[which] = len(bundle) == 0
	current := cas[which]
	for _, ca := range bundle {
		switch {
		case ca.Equal(current):
		case !bytes.Equal(ca.RawSubject, current.RawSubject) && ca.Subject.String() != current.Subject.String():
			return &OtherClusterError{d.said(name), d.Path, fmt.Sprintf("has a CA of %q, and Magnum's is of %q", ca.Subject, current.Subject)}
		case pki.CheckCA(ca, now) == nil:
			have.bundles[which] = appendCAs(have.bundles[which], ca)
		}
	}
	return nil
}

func appendCAs(to []*x509.Certificate, cas ...*x509.Certificate) []*x509.Certificate {
	for _, ca := range cas {
		if !contains(to, ca) {
			to = append(to, ca)
		}
	}
	return to
}
