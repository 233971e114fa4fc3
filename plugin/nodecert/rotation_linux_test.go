// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// trusts says whether all clients and servers of one node take the
// certificates of the other's servers and clients, each by the CA it has to.
func trusts(a, b nodeFiles) error {
	var clients [][]byte // the CAs of a's clients
	for _, own := range a.node.items() {
		if own.kubeconfig() {
			text, err := os.ReadFile(at(a.root, own.path))
			if err != nil {
				return err
			}
			c, err := parseKubeconfig(text)
			if err != nil {
				return err
			}
			clients = append(clients, c.bundle)
		}
	}
	for _, i := range b.node.items() {
		if i.ca != magnum.Kubernetes && a.node.Role == Worker {
			continue
		}
		p, _, err := b.load(i)
		if err != nil {
			return err
		}
		cert, err := pki.ParseCertificate(p.certificate)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(at(a.root, caFiles[i.ca]))
		if err != nil {
			return err
		}
		bundles := [][]byte{data}
		if i.ca == magnum.Kubernetes {
			bundles = append(bundles, clients...)
		}
		for _, bundle := range bundles {
			cas, err := parseBundle(bundle)
			if err != nil {
				return err
			}
			if !signedByAny(cert, cas) {
				return fmt.Errorf("%s does not trust %s of %s", a.node.Name, i.path, b.node.Name)
			}
		}
	}
	return nil
}

// After a rotation, each step on one node after the other, no node loses
// another at any time; then nothing is left of the old CA.
func TestRotationNodeByNode(t *testing.T) {
	t.Parallel()
	before := newSigner(t)
	second := master()
	second.Name, second.IPs, second.DNSNames = "m1", []netip.Addr{netip.MustParseAddr("192.0.2.11")}, nil
	all := []nodeFiles{{newRoot(t), master()}, {newRoot(t), second}, {newRoot(t), worker()}}
	key := newServiceAccountKey(t)
	for _, f := range all {
		o := Options{ServiceAccountKey: key}
		before.must(t, f.root, f.node, o)
		if err := os.WriteFile(at(f.root, "pki/unknown.pem"), []byte("x"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	allTrust := func(step string) {
		t.Helper()
		for _, a := range all {
			for _, b := range all {
				if err := trusts(a, b); err != nil {
					t.Errorf("%s: %v", step, err)
				}
			}
		}
	}
	allTrust("at first")
	for round := range 2 { // a second rotation is like the first
		after := newSigner(t)
		keys := keysOf(t, all)
		for step, o := range []Options{{}, {Renew: true}, {Finish: true}} {
			for _, f := range all {
				signed := after.signed
				p, _ := after.must(t, f.root, f.node, o)
				what := fmt.Sprintf("round %d, step %d on %s", round, step, f.node.Name)
				if want := len(f.node.items()); (step == 1) != (after.signed-signed == want) {
					t.Errorf("%s: %d signed", what, after.signed-signed)
				}
				if old := len(p.OldCertificates); (step == 0) != (old == len(f.node.items())) || (step < 2) != (p.OldCAs == len(f.node.CATypes())) {
					t.Errorf("%s: %d certificates and %d CAs of before", what, old, p.OldCAs)
				}
				if _, err := f.check(now); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				allTrust(what)
				checkIdle(t, after, f.root, f.node)
			}
		}
		for _, f := range all {
			for _, ca := range before.cas {
				checkGone(t, f.root, ca.Certificate)
			}
			for name := range keysOf(t, []nodeFiles{f}) {
				if bytes.Equal(keys[name], keysOf(t, []nodeFiles{f})[name]) {
					t.Errorf("%s has the key of before", name)
				}
			}
			info, err := os.Stat(at(f.root, "pki/unknown.pem"))
			if err != nil || info.Mode() != 0o640 {
				t.Errorf("%v, %v", info, err)
			}
			if f.node.Role == ControlPlane && !bytes.Equal(contents(t, at(f.root, "pki/sa.key")), key) {
				t.Error("the shared key is another")
			}
		}
		before = after
	}
}

// checkGone checks that no file has a CA, or something that it signed.
func checkGone(t *testing.T, root string, ca *x509.Certificate) {
	t.Helper()
	for name := range stamp(t, root) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // a directory
		}
		if c, err := parseKubeconfig(data); err == nil {
			data = slices.Concat(c.bundle, c.pair.certificate)
		}
		cas, err := parseBundle(data)
		if err != nil {
			continue
		}
		for _, cert := range cas {
			if cert.Equal(ca) || pki.SignedBy(cert, ca) == nil {
				t.Errorf("%s has something of the old CA", name)
			}
		}
	}
}

func keysOf(t *testing.T, all []nodeFiles) map[string][]byte {
	t.Helper()
	keys := map[string][]byte{}
	for _, f := range all {
		for _, i := range f.node.items() {
			p, _, err := f.load(i)
			if err != nil {
				t.Fatal(err)
			}
			keys[f.node.Name+" "+i.path] = p.key
		}
	}
	return keys
}

func TestFinishRefusesWhatIsNotRenewed(t *testing.T) {
	t.Parallel()
	before, after, root := newSigner(t), newSigner(t), newRoot(t)
	n := worker()
	before.must(t, root, n, Options{})
	stamped := stamp(t, root)
	_, _, err := after.run(root, n, Options{Finish: true})
	refused, ok := errors.AsType[*NotRenewedError](err)
	if !ok || !slices.Equal(refused.Paths, []string{"pki/kubelet", "kubelet.conf", "kube-proxy.conf"}) {
		t.Errorf("got %v", err)
	}
	if fmt.Sprint(stamped) != fmt.Sprint(stamp(t, root)) {
		t.Error("something was written")
	}
	// A node that has no other may do all at once.
	after.must(t, root, n, Options{Renew: true, Finish: true})
	checkGone(t, root, before.cas[magnum.Kubernetes].Certificate)
	checkIdle(t, after, root, n)
}

// A file of CAs that was damaged in the window is made again with both.
func TestDamagedCAsInTheWindow(t *testing.T) {
	t.Parallel()
	before, after, root := newSigner(t), newSigner(t), newRoot(t)
	n := worker()
	before.must(t, root, n, Options{})
	after.must(t, root, n, Options{})
	want := contents(t, at(root, "pki/ca.crt"))
	if err := os.WriteFile(at(root, "pki/ca.crt"), []byte("garbage"), 0o644); err != nil {
		t.Fatal(err)
	}
	after.must(t, root, n, Options{})
	if !bytes.Equal(want, contents(t, at(root, "pki/ca.crt"))) {
		t.Error("the CAs are others")
	}
}

// Nor are CAs taken from a kubeconfig that others can write.
func TestCAsOfAnOpenKubeconfig(t *testing.T) {
	t.Parallel()
	s, root, evil := newSigner(t), newRoot(t), newCA(t, "prod")
	s.must(t, root, worker(), Options{})
	conf := at(root, "kube-proxy.conf")
	text := contents(t, conf)
	c, err := parseKubeconfig(text)
	if err != nil {
		t.Fatal(err)
	}
	more := append(slices.Clone(c.bundle), pki.MarshalCertificate(evil.Certificate)...)
	text = bytes.Replace(text, []byte(encode(c.bundle)), []byte(encode(more)), 1)
	for _, err := range []error{os.WriteFile(conf, text, 0o600), os.Chmod(conf, 0o620), os.Remove(at(root, "pki/ca.crt"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.must(t, root, worker(), Options{})
	cas, err := parseBundle(contents(t, at(root, "pki/ca.crt")))
	if err != nil || contains(cas, evil.Certificate) {
		t.Errorf("%d CAs, %v", len(cas), err)
	}
}

func TestAnotherClusterIsRefused(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	before := stamp(t, root)
	other := newSigner(t)
	other.cas[magnum.Kubernetes] = newCA(t, "dev")
	for name, err := range map[string]error{
		"another name":               errorOf(other.run(root, worker(), Options{Renew: true, Finish: true})),
		"the same name and CA":       errorOf(s.run(root, worker(), Options{UUID: "b"})),
		"the same name, another CA":  errorOf(newSigner(t).run(root, worker(), Options{UUID: "b", Renew: true, Finish: true})),
		"another name, the same one": errorOf(other.run(root, worker(), Options{UUID: "b"})),
	} {
		if e, ok := errors.AsType[*OtherClusterError](err); !ok || e.Dir != at(root, ".") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if diff := cmp.Diff(before, stamp(t, root)); diff != "" {
		t.Error(diff)
	}
}

func errorOf(_ *Plan, _ Outcome, err error) error { return err }

// A node that has moved trusts nothing of the cluster it was in, also if that
// had the same name.
func TestMovedToAnotherCluster(t *testing.T) {
	t.Parallel()
	before, after, root := newSigner(t), newSigner(t), newRoot(t)
	before.must(t, root, worker(), Options{})
	if err := os.RemoveAll(at(root, "pki")); err != nil {
		t.Fatal(err)
	}
	after.must(t, root, worker(), Options{UUID: "b", Renew: true})
	checkGone(t, root, before.cas[magnum.Kubernetes].Certificate)
	if got := string(contents(t, at(root, clusterFile))); got != "b\n" {
		t.Errorf("it names %q", got)
	}
}
