// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// signer is a Magnum's CAs and what it signs with them.
type signer struct {
	cas    map[magnum.CAType]*pkitest.CA
	life   time.Duration
	edit   func(*x509.Certificate)
	signed int
}

var allTypes = []magnum.CAType{magnum.Kubernetes, magnum.Etcd, magnum.FrontProxy}

func newSigner(t testing.TB) *signer {
	t.Helper()
	s := &signer{cas: map[magnum.CAType]*pkitest.CA{}, life: 30 * 24 * time.Hour}
	for _, which := range allTypes {
		s.cas[which] = pkitest.NewCA(t, "prod", now)
	}
	return s
}

func (s *signer) authorities() Authorities {
	all := Authorities{}
	for which, ca := range s.cas {
		all[which] = ca.Certificate
	}
	return all
}

// answer signs what a request asks for, as Magnum does.
func (s *signer) answer(text []byte, which magnum.CAType, at time.Time) ([]byte, error) {
	block, _ := pem.Decode(text)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: request.Subject, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses,
		NotBefore: at.Add(-time.Hour), NotAfter: at.Add(s.life), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	for _, e := range request.Extensions {
		if e.Id.String() == "2.5.29.37" {
			template.ExtraExtensions = append(template.ExtraExtensions, e)
		}
	}
	if s.edit != nil {
		s.edit(template)
	}
	s.signed++
	ca := s.cas[which]
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Certificate, request.PublicKey, ca.Key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), err
}

func (s *signer) issue(needs []Need, at time.Time) ([]Issued, error) {
	var all []Issued
	for _, need := range needs {
		key, err := pki.NewKey()
		if err != nil {
			return nil, err
		}
		request, err := pki.LeafRequest(key, need.Leaf)
		if err != nil {
			return nil, err
		}
		answer, err := s.answer(request, need.CA, at)
		if err != nil {
			return nil, err
		}
		one, err := need.Accept(key, answer, s.cas[need.CA].Certificate, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", need.Path, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// run is a run of node-certs.
func (s *signer) run(root string, n Node, o Options) (*Plan, Outcome, error) {
	return s.runAs(root, n, Owner{}, o)
}

func (s *signer) runAs(root string, n Node, owner Owner, o Options) (*Plan, Outcome, error) {
	d, err := Open(root, owner)
	if err != nil {
		return nil, Outcome{}, err
	}
	defer d.Close()
	o.Cluster, o.Authorities = "prod", s.authorities()
	if o.UUID == "" {
		o.UUID = "a"
	}
	if o.Now.IsZero() {
		o.Now = now
	}
	p, err := d.NewPlan(n, o)
	if err != nil {
		return nil, Outcome{}, err
	}
	if len(p.Needs) > 0 {
		if err := d.Prepare(); err != nil {
			return p, Outcome{}, err
		}
	}
	issued, err := s.issue(p.Needs, o.Now)
	if err != nil {
		return p, Outcome{}, err
	}
	out, err := p.Install(issued)
	if err != nil {
		return p, out, err
	}
	return p, out, d.Reported()
}

func (s *signer) must(t testing.TB, root string, n Node, o Options) (*Plan, Outcome) {
	t.Helper()
	p, out, err := s.run(root, n, o)
	if err != nil {
		t.Fatal(err)
	}
	return p, out
}

// newRoot is a root directory that only this user can write.
func newRoot(t testing.TB) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// stamp is all that a tree consists of: contents, modes, times of writing.
func stamp(t testing.TB, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		name, _ := filepath.Rel(root, path)
		all[name] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func at(root, name string) string { return filepath.Join(root, "etc/kubernetes", name) }

func contents(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// node is what clients and servers on a node have.
type nodeFiles struct {
	root string
	node Node
}

// check says what is wrong with a node's files, whenever they are looked at:
// each pair fits, all certificates verify under the installed CAs, and a client
// with a kubeconfig trusts the API server's. signers are how many of the CAs
// have signed what is in pki.
func (f nodeFiles) check(now time.Time) (signers int, err error) {
	bundles := map[magnum.CAType][]*x509.Certificate{}
	for _, which := range f.node.CATypes() {
		data, err := os.ReadFile(at(f.root, caFiles[which]))
		if err != nil {
			return 0, err
		}
		if bundles[which], err = parseBundle(data); err != nil {
			return 0, err
		}
	}
	seen := map[*x509.Certificate]bool{}
	for _, i := range f.node.items() {
		p, embedded, err := f.load(i)
		if err != nil {
			return 0, err
		}
		ca, err := usable(p, i.leaf, bundles[i.ca], now)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", i.path, err)
		}
		if i.kubeconfig() && f.node.Role == ControlPlane {
			api, err := os.ReadFile(at(f.root, "pki/apiserver.crt"))
			if err != nil {
				return 0, err
			}
			cert, err := pki.ParseCertificate(api)
			if err != nil {
				return 0, err
			}
			if !signedByAny(cert, embedded) {
				return 0, fmt.Errorf("%s does not trust the API server", i.path)
			}
		}
		if !i.kubeconfig() && i.ca == magnum.Kubernetes {
			seen[ca] = true
		}
	}
	return len(seen), nil
}

func signedByAny(cert *x509.Certificate, cas []*x509.Certificate) bool {
	for _, ca := range cas {
		if pki.SignedBy(cert, ca) == nil {
			return true
		}
	}
	return false
}

func (f nodeFiles) load(i item) (p pair, embedded []*x509.Certificate, err error) {
	if !i.kubeconfig() {
		if p.certificate, err = os.ReadFile(at(f.root, i.path+".crt")); err != nil {
			return p, nil, err
		}
		p.key, err = os.ReadFile(at(f.root, i.path+".key"))
		return p, nil, err
	}
	data, err := os.ReadFile(at(f.root, i.path))
	if err != nil {
		return p, nil, err
	}
	c, err := parseKubeconfig(data)
	if err != nil {
		return p, nil, fmt.Errorf("%s: %w", i.path, err)
	}
	embedded, err = parseBundle(c.bundle)
	return c.pair, embedded, err
}

func newCA(t testing.TB, name string) *pkitest.CA {
	t.Helper()
	return pkitest.NewCA(t, name, now)
}
