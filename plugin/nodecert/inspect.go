// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Inspection is what was found on a node.
type Inspection struct {
	Layout Layout
	Files  []Inspected
	// EndingCAs is how many files have a CA that is near its end, or past it,
	// which no run mends. CAs that Magnum has no longer do not count.
	EndingCAs int
	// NoServiceAccountKey says that a control plane has none, or none that can be
	// used, which no run mends without one.
	NoServiceAccountKey bool
}

// Inspected is a file of CAs, a certificate with its key, a kubeconfig with
// both, a key of service accounts, or a directory that has problems.
type Inspected struct {
	Path         string // below the root directory; a whole one if it is above
	Certificates []*x509.Certificate
	Problems     []string
}

// Problems is how many files have some.
func (i *Inspection) Problems() int {
	n := 0
	for _, f := range i.Files {
		if len(f.Problems) > 0 {
			n++
		}
	}
	return n
}

// ErrNothing is a root directory without certificates of a node.
var ErrNothing = errors.New("there is neither etc/kubernetes/pki nor etc/kubernetes/certs")

// inspector reads a root directory, which it does not change.
type inspector struct {
	root   *os.Root
	node   Node
	owner  Owner
	layout Layout
	cas    Authorities // nil if Magnum was not asked
	now    time.Time
	onDisk map[magnum.CAType][]*x509.Certificate
	passed map[string]fs.FileMode // directories that were gone through
}

// Inspect reads what a node has in any of the layouts below rootDir, an absolute
// path, and says what is wrong with it, by Magnum's CAs or, if cas is nil, by
// those on the disk. Of what is ours that includes all that a run for the same node and
// owner would mend or refuse.
func Inspect(rootDir string, n Node, owner Owner, cas Authorities, now time.Time) (*Inspection, error) {
	if !supported {
		return nil, ErrNotLinux
	}
	root, err := os.OpenRoot(rootDir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	x := &inspector{root: root, node: n, owner: owner, cas: cas, now: now, onDisk: map[magnum.CAType][]*x509.Certificate{}}
	if x.layout, err = x.findLayout(); err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(rootDir, "etc/kubernetes"), bare(err))
	}
	if x.layout == "" {
		return nil, fmt.Errorf("%s: %w", rootDir, ErrNothing)
	}
	info, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	x.passed = map[string]fs.FileMode{".": info.Mode()}
	result := &Inspection{Layout: x.layout}
	files, places := n.places(x.layout)
	for _, which := range n.CATypes() {
		f, ends := x.authority(which, files[which])
		result.Files = append(result.Files, f)
		if ends {
			result.EndingCAs++
		}
	}
	for _, p := range places {
		if found := x.place(p); !p.optional || found.Certificates != nil {
			result.Files = append(result.Files, found)
		}
	}
	var shared []Inspected
	shared, result.NoServiceAccountKey = x.serviceAccounts()
	result.Files = slices.Concat(result.Files, shared, x.directories(rootDir))
	return result, nil
}

func (f *Inspected) problem(format string, args ...any) {
	f.Problems = append(f.Problems, fmt.Sprintf(format, args...))
}

// place looks at a certificate and its key, wherever they are.
func (x *inspector) place(p place) Inspected {
	f := Inspected{Path: p.path()}
	found, err := x.load(&f, p)
	if err != nil {
		f.problem("%v", bare(err))
		return f
	}
	block := firstCertificate(found.certificate)
	if block == nil {
		f.problem("%v", pki.ErrMalformed)
		return f
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		f.problem("%v", pki.ErrMalformed)
		return f
	}
	f.Certificates = []*x509.Certificate{cert}
	if _, err := tls.X509KeyPair(found.certificate, found.key); err != nil {
		f.problem("the key is not the certificate's, or cannot be read")
	}
	if err := pki.CheckServes(cert, p.leaf, x.now); err != nil {
		f.problem("%v", err)
	} else if x.now.After(x.dueAt(cert)) {
		f.problem("%v", errDue)
	}
	x.chain(&f, cert, p.ca)
	if x.layout == Ours && len(f.Problems) == 0 {
		x.exact(&f, p, found)
	}
	return f
}

// rotateMost is [renewMost] of what others renew by themselves.
const rotateMost = 30 * 24 * time.Hour

// dueAt is when a certificate should have been renewed: in our own layout by a
// run, see renewAt. In others' that is a tenth of its life before its end, or
// thirty days: kubelet renews its own when 70 to 90 % are over, so what is older
// is late, and kubeadm's certificates of a year, which an upgrade renews, are
// told of in their last month.
func (x *inspector) dueAt(cert *x509.Certificate) time.Time {
	if x.layout == Ours {
		return renewAt(cert)
	}
	return cert.NotAfter.Add(-min(cert.NotAfter.Sub(cert.NotBefore)/10, rotateMost))
}

// chain says whether a certificate verifies, and by which CA.
func (x *inspector) chain(f *Inspected, cert *x509.Certificate, which magnum.CAType) {
	signed := func(ca *x509.Certificate) bool { return pki.SignedBy(cert, ca) == nil }
	onDisk := slices.ContainsFunc(x.onDisk[which], signed)
	switch current := x.cas[which]; {
	case current != nil && signed(current):
		if !onDisk {
			f.problem("the CAs on the disk did not sign it, though Magnum's did")
		}
	case current != nil && onDisk:
		f.problem("%v", errOldCA)
	case !onDisk:
		f.problem("%v", errUnknownCA)
	}
}

// found is a certificate and its key, and the kubeconfig that has both.
type found struct {
	pair
	kubeconfig []byte
}

// load reads a certificate and its key. What is wrong with the modes, and with
// the rest of a kubeconfig, is said in f.
func (x *inspector) load(f *Inspected, p place) (found, error) {
	if p.kubeconfig == "" {
		pair, err := x.pair(f, p.certificate, p.key)
		return found{pair: pair}, err
	}
	data, info, err := x.read(p.kubeconfig)
	if err != nil {
		return found{}, err
	}
	c, err := parseCurrent(data)
	if err != nil {
		return found{}, err
	}
	x.bundle(f, p, c)
	x.server(f, c)
	x.access(f, "it", c.certFile == "" || x.layout == Ours, info)
	if c.certFile == "" {
		return found{c.pair, data}, nil
	}
	pair, err := x.pair(f, beside(p.kubeconfig, c.certFile), beside(p.kubeconfig, c.keyRef))
	return found{pair, data}, err
}

// server says what is wrong with whom a kubeconfig has its user talk to.
func (x *inspector) server(f *Inspected, c credentials) {
	switch {
	case Node{Server: c.server}.checkServer() != nil:
		f.problem("its server %q is not a plain https URL", c.server)
	case x.layout == Ours && x.node.Server != "" && c.server != x.node.Server:
		f.problem("its server is %q, not %q", c.server, x.node.Server)
	}
	if c.lax {
		f.problem("it has the API server's certificate not verified")
	}
}

func (x *inspector) pair(f *Inspected, certificate, key string) (pair, error) {
	cert, info, err := x.read(certificate)
	if err != nil {
		return pair{}, err
	}
	if certificate != key {
		x.access(f, "it", false, info)
	}
	keyPEM, info, err := x.read(key)
	if err != nil {
		return pair{}, fmt.Errorf("its key: %w", bare(err))
	}
	x.access(f, "its key", true, info)
	return pair{cert, keyPEM}, nil
}

func firstCertificate(data []byte) *pem.Block {
	for {
		block, rest := pem.Decode(data)
		if block == nil || block.Type == "CERTIFICATE" {
			return block
		}
		data = rest
	}
}
