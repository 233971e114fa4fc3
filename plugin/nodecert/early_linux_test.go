// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// The first step of a rotation signs nothing, also if all is near its end:
// nodes that had no run yet would not trust it.
func TestRotationNearTheEnd(t *testing.T) {
	t.Parallel()
	before, after, root, n := newSigner(t), newSigner(t), newRoot(t), master()
	before.must(t, root, n, Options{})
	late := now.Add(25 * 24 * time.Hour)
	p, _ := after.must(t, root, n, Options{Now: late})
	if after.signed > 0 || len(p.OldCertificates) != len(n.items()) {
		t.Errorf("%d signed, %d are of before", after.signed, len(p.OldCertificates))
	}
	cert, err := pki.ParseCertificate(contents(t, at(root, "pki/apiserver.crt")))
	if err != nil {
		t.Fatal(err)
	}
	if err := pki.SignedBy(cert, before.cas[magnum.Kubernetes].Certificate); err != nil {
		t.Error(err)
	}
	after.must(t, root, n, Options{Now: late, Renew: true})
	if after.signed != len(n.items()) {
		t.Errorf("%d signed", after.signed)
	}
}

// What has to be signed in the window is refused, unless the node is new, or
// has none of before left, or --renew says that all nodes trust the new CA.
func TestNothingSignedInTheWindow(t *testing.T) {
	t.Parallel()
	before, after := newSigner(t), newSigner(t)
	for name, test := range map[string]struct {
		do    func(root string, n *Node) error
		now   time.Time
		early []string
	}{
		"nothing":      {func(string, *Node) error { return nil }, now, nil},
		"missing":      {func(root string, _ *Node) error { return os.Remove(at(root, "pki/kubelet.crt")) }, now, []string{"pki/kubelet"}},
		"damaged":      {func(root string, _ *Node) error { return os.Truncate(at(root, "kubelet.conf"), 9) }, now, []string{"kubelet.conf"}},
		"other hosts":  {func(_ string, n *Node) error { n.IPs = nil; return nil }, now, []string{"pki/kubelet"}},
		"exposed":      {func(root string, _ *Node) error { return os.Chmod(at(root, "pki/kubelet.key"), 0o644) }, now, []string{"pki/kubelet"}},
		"at their end": {func(string, *Node) error { return nil }, now.Add(31 * 24 * time.Hour), []string{"pki/kubelet", "kubelet.conf", "kube-proxy.conf"}},
		"a new node":   {func(root string, _ *Node) error { return os.RemoveAll(at(root, ".")) }, now, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for _, learned := range []bool{false, true} { // of the new CA
				root, n := newRoot(t), worker()
				before.must(t, root, n, Options{})
				if learned {
					after.must(t, root, n, Options{})
				}
				if err := test.do(root, &n); err != nil {
					t.Fatal(err)
				}
				stamped := stamp(t, root)
				_, _, err := after.run(root, n, Options{Now: test.now})
				var got []string
				if early, ok := errors.AsType[*TooEarlyError](err); ok {
					for _, need := range early.Needs {
						got = append(got, need.Path)
					}
				} else if err != nil {
					t.Error(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(test.early) {
					t.Errorf("got %v", err)
				}
				if err != nil && fmt.Sprint(stamped) != fmt.Sprint(stamp(t, root)) {
					t.Error("something was written")
				}
				after.must(t, root, n, Options{Now: test.now, Renew: true})
				signed := after.signed
				if err := os.Remove(at(root, "pki/kubelet.crt")); err != nil {
					t.Fatal(err)
				}
				after.must(t, root, n, Options{Now: test.now})
				if after.signed != signed+1 || bytes.Equal(nil, contents(t, at(root, "pki/kubelet.crt"))) {
					t.Error("a node that has renewed is not repaired")
				}
			}
		})
	}
}

// Where nothing says which CAs of before there are, what Magnum's did not sign
// may be of one.
func TestCAsLostInTheWindow(t *testing.T) {
	t.Parallel()
	before, after, root, n := newSigner(t), newSigner(t), newRoot(t), master()
	before.must(t, root, n, Options{})
	after.must(t, root, n, Options{})
	if err := os.WriteFile(at(root, "pki/etcd/ca.crt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err := after.run(root, n, Options{})
	early, ok := errors.AsType[*TooEarlyError](err)
	if !ok || len(early.Needs) != 4 || after.signed > 0 {
		t.Errorf("got %v", err)
	}
	after.must(t, root, n, Options{Renew: true})
	if _, err := (nodeFiles{root, n}).check(now); err != nil {
		t.Error(err)
	}
}
