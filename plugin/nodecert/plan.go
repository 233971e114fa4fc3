// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Options say how far a run goes.
type Options struct {
	Cluster     string // its name, for the kubeconfigs
	UUID        string // the cluster's
	Authorities Authorities
	// Renew makes anew what a CA of before signed. Nodes that do not trust
	// Magnum's CA yet lose this one.
	Renew bool
	// Finish gives up the CAs of before. Nodes that have certificates of them
	// are lost.
	Finish            bool
	ServiceAccountKey []byte // PEM, where there is none; nil to keep what there is
	Now               time.Time
}

// Need is a certificate that is to be signed, and why.
type Need struct {
	Path string // as in [item]
	CA   magnum.CAType
	Leaf pki.Leaf
	Err  error // what is wrong with the one before
}

// Issued is a key and what was signed for it.
type Issued struct {
	path string
	pair pair
}

// Accept says whether a signer's answer is what was asked for, and is the only
// way to an [Issued].
func (n Need) Accept(key *ecdsa.PrivateKey, answer []byte, ca *x509.Certificate, now time.Time) (Issued, error) {
	cert, err := pki.ParseCertificate(answer)
	if err != nil {
		return Issued{}, err
	}
	if err := pki.CheckLeaf(cert, &key.PublicKey, n.Leaf, now); err != nil {
		return Issued{}, err
	}
	if err := pki.SignedBy(cert, ca); err != nil {
		return Issued{}, err
	}
	keyPEM, err := pki.MarshalKey(key)
	return Issued{n.Path, pair{pki.MarshalCertificate(cert), keyPEM}}, err
}

// NotRenewedError means that certificates of this node are signed by a CA that
// is to be given up.
type NotRenewedError struct{ Paths []string }

func (e *NotRenewedError) Error() string {
	return "signed by a CA of before, and not renewed yet: " + strings.Join(e.Paths, ", ")
}

// TooEarlyError means that in the middle of a rotation certificates of a node
// that has some of the CA of before have to be signed by Magnum's new one,
// which nodes that had no run yet do not trust.
type TooEarlyError struct{ Needs []Need }

func (e *TooEarlyError) Error() string {
	var all []string
	for _, need := range e.Needs {
		all = append(all, fmt.Sprintf("%s (%v)", need.Path, need.Err))
	}
	return "to be signed by Magnum's new CA, which nodes without a run since the rotation do not trust, while this node has certificates of the one before: " +
		strings.Join(all, ", ")
}

// Plan is what is to be done on a node. It is good as long as its [Dir] is open.
type Plan struct {
	Needs []Need
	// OldCAs is how many CAs of before are trusted still, OldCertificates what
	// they signed, once the plan is carried out.
	OldCAs          int
	OldCertificates []string

	dir     *Dir
	node    Node
	options Options
	have    *installed
	keep    map[string]pair
	before  *unreported // by a run that was cut short

	sharedKey []byte // of service accounts; nil if there is none
}

// NewPlan looks at a node and decides what is due. It changes nothing.
func (d *Dir) NewPlan(n Node, o Options) (*Plan, error) {
	for _, which := range n.CATypes() {
		if err := pki.CheckCA(o.Authorities[which], o.Now); err != nil {
			return nil, fmt.Errorf("the CA of type %s that Magnum has: %w", which, err)
		}
	}
	have, err := d.readInstalled(n, o)
	if err != nil {
		return nil, err
	}
	p := &Plan{dir: d, node: n, options: o, have: have, keep: map[string]pair{}}
	if p.before, err = d.readUnreported(); err != nil {
		return nil, err
	}
	if err := p.chooseSharedKey(); err != nil {
		return nil, err
	}
	var old []string
	for _, i := range n.items() {
		signer, err := p.judge(i)
		if err != nil {
			p.Needs = append(p.Needs, Need{Path: i.path, CA: i.ca, Leaf: i.leaf, Err: err})
			continue
		}
		p.keep[i.path] = have.pairs[i.path]
		if !signer.Equal(o.Authorities[i.ca]) {
			old = append(old, i.path)
		}
	}
	if o.Finish && len(old) > 0 {
		return nil, &NotRenewedError{old}
	}
	if early := p.tooEarly(); len(early) > 0 && !o.Renew {
		return nil, &TooEarlyError{early}
	}
	p.OldCertificates = old
	if !o.Finish {
		for _, which := range n.CATypes() {
			p.OldCAs += len(have.bundles[which])
		}
	}
	return p, nil
}

// trees are the states that the node goes through, in this order. In each one
// all certificates verify under its ca.crt and under that of the next: first
// another CA is trusted, then its certificates come, then those of before go.
func (p *Plan) trees(issued []Issued) ([]tree, error) {
	all := map[string]pair{}
	maps.Copy(all, p.keep)
	for _, i := range issued {
		all[i.path] = i.pair
	}
	users := map[string]userInfo{}
	for _, i := range p.node.items() {
		if all[i.path].key == nil {
			return nil, fmt.Errorf("%s was not signed", i.path)
		}
		users[i.path] = all[i.path].user()
	}
	both := func(which magnum.CAType) []*x509.Certificate {
		return append([]*x509.Certificate{p.options.Authorities[which]}, p.have.bundles[which]...)
	}
	var trees []tree
	if p.hadSome() {
		first, err := p.tree(p.have.pairs, p.have.users, both, false)
		if err != nil {
			return nil, err
		}
		trees = append(trees, first)
	}
	second, err := p.tree(all, users, both, true)
	if err != nil {
		return nil, err
	}
	trees = append(trees, second)
	if p.options.Finish {
		third, err := p.tree(all, users, func(which magnum.CAType) []*x509.Certificate {
			return []*x509.Certificate{p.options.Authorities[which]}
		}, true)
		if err != nil {
			return nil, err
		}
		trees = append(trees, third)
	}
	return trees, nil
}

// tree has the pairs and the users of kubeconfigs under bundles. What is missing
// or damaged stays so.
func (p *Plan) tree(pairs map[string]pair, users map[string]userInfo, bundle func(magnum.CAType) []*x509.Certificate, shared bool) (tree, error) {
	t := tree{clusterFile: []byte(p.options.UUID + "\n")}
	for _, which := range p.node.CATypes() {
		t[caFiles[which]] = marshalBundle(bundle(which))
	}
	for _, i := range p.node.items() {
		if i.kubeconfig() {
			user, ok := users[i.path]
			if !ok {
				continue
			}
			text, err := renderKubeconfig(p.options.Cluster, p.node.Server, i.leaf.CommonName, bundle(magnum.Kubernetes), user)
			if err != nil {
				return nil, err
			}
			t[i.path] = text
			continue
		}
		pair := pairs[i.path]
		if pair.certificate != nil {
			t[i.path+".crt"] = pair.certificate
		}
		if pair.key != nil {
			t[i.path+".key"] = pair.key
		}
	}
	if !shared || p.sharedKey == nil {
		return t, nil
	}
	files, err := p.sharedKeyFiles()
	maps.Copy(t, files)
	return t, err
}

// hadSome says whether there is a certificate that somebody may be using.
func (p *Plan) hadSome() bool {
	for _, pair := range p.have.pairs {
		if len(pair.certificate) > 0 {
			return true
		}
	}
	return len(p.have.users) > 0
}
