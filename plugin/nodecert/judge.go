// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/x509"
	"errors"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

var errOldCA = errors.New("it is signed by a CA of before")

// judge says why an item is made anew, or who signed it. What a CA of before
// signed stays as long as it works: the next one is Magnum's new CA's.
func (p *Plan) judge(i item) (signer *x509.Certificate, err error) {
	current := p.options.Authorities[i.ca]
	cas := append([]*x509.Certificate{current}, p.have.bundles[i.ca]...)
	signer, err = usable(p.have.pairs[i.path], i.leaf, cas, p.options.Now)
	if errors.Is(err, errDue) && !signer.Equal(current) && !p.options.Renew {
		err = nil
	}
	switch {
	case err != nil:
		return nil, err
	case p.have.exposed[i.path]:
		return nil, errExposed
	case p.options.Renew && !signer.Equal(current):
		return nil, errOldCA
	}
	return signer, nil
}

// tooEarly are the needs that wait for all nodes to trust Magnum's CA: those of
// a CA that was rotated, if the node still has anything of a CA of before. A
// node without certificates is a new one, which nobody can lose.
func (p *Plan) tooEarly() []Need {
	before := slices.ContainsFunc(p.node.items(), p.ofBefore)
	var early []Need
	for _, need := range p.Needs {
		if before && len(p.have.bundles[need.CA]) > 0 || p.have.lost[need.CA] && p.ofAnother(item{path: need.Path, ca: need.CA}) {
			early = append(early, need)
		}
	}
	return early
}

// ofBefore says whether a certificate, whatever else is wrong with it, is
// signed by a CA of before.
func (p *Plan) ofBefore(i item) bool {
	cert, err := pki.ParseCertificate(p.have.pairs[i.path].certificate)
	return err == nil && p.ofAnother(i) &&
		slices.ContainsFunc(p.have.bundles[i.ca], func(ca *x509.Certificate) bool { return pki.SignedBy(cert, ca) == nil })
}

// ofAnother says whether there is a certificate that another CA than Magnum's
// has signed: where the CAs are lost, that may be one of before.
func (p *Plan) ofAnother(i item) bool {
	cert, err := pki.ParseCertificate(p.have.pairs[i.path].certificate)
	return err == nil && pki.SignedBy(cert, p.options.Authorities[i.ca]) != nil
}

// newCA says whether a file of CAs lacks Magnum's.
func (p *Plan) newCA() bool {
	return slices.ContainsFunc(p.node.CATypes(), func(which magnum.CAType) bool {
		bundle, _ := parseBundle(p.have.tree[caFiles[which]])
		return !contains(bundle, p.options.Authorities[which])
	})
}
