// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

func TestFirstRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		node    Node
		signed  int
		files   []string
		restart []string
	}{
		{master(), 13, []string{
			"admin.conf", "controller-manager.conf", "kube-proxy.conf", "kubelet.conf",
			"pki/apiserver-etcd-client.crt", "pki/apiserver-etcd-client.key", "pki/apiserver-kubelet-client.crt", "pki/apiserver-kubelet-client.key",
			"pki/apiserver.crt", "pki/apiserver.key", "pki/ca.crt", "pki/etcd/ca.crt", "pki/etcd/healthcheck-client.crt", "pki/etcd/healthcheck-client.key",
			"pki/etcd/peer.crt", "pki/etcd/peer.key", "pki/etcd/server.crt", "pki/etcd/server.key", "pki/front-proxy-ca.crt",
			"pki/front-proxy-client.crt", "pki/front-proxy-client.key", "pki/kubelet.crt", "pki/kubelet.key", "pki/magnum-cluster", "pki/sa.key", "pki/sa.pub", "scheduler.conf",
		}, []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"}},
		{worker(), 3, []string{"kube-proxy.conf", "kubelet.conf", "pki/ca.crt", "pki/kubelet.crt", "pki/kubelet.key", "pki/magnum-cluster"}, []string{"kubelet", "kube-proxy"}},
	} {
		s, root := newSigner(t), newRoot(t)
		o := Options{}
		if test.node.Role == ControlPlane {
			o.ServiceAccountKey = newServiceAccountKey(t)
		}
		_, out := s.must(t, root, test.node, o)
		var files []string
		for _, c := range out.Changes {
			if c.Why != "it is missing" {
				t.Errorf("%s: %s", c.Path, c.Why)
			}
			files = append(files, strings.TrimPrefix(c.Path, root+"/etc/kubernetes/"))
		}
		if diff := cmp.Diff(test.files, files); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(test.restart, out.Restart); diff != "" {
			t.Error(diff)
		}
		if s.signed != test.signed {
			t.Errorf("%d were signed, want %d", s.signed, test.signed)
		}
		checkModes(t, root, test.files)
		if _, err := (nodeFiles{root, test.node}).check(now); err != nil {
			t.Error(err)
		}
		checkIdle(t, s, root, test.node)
	}
}

func checkModes(t *testing.T, root string, files []string) {
	t.Helper()
	for _, name := range files {
		info, err := os.Lstat(at(root, name))
		if err != nil {
			t.Fatal(err)
		}
		want := os.FileMode(0o600)
		if strings.HasSuffix(name, ".crt") || strings.HasSuffix(name, ".pub") {
			want = 0o644
		}
		if info.Mode() != want {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

// checkIdle has a run that finds nothing to do: nothing is signed, nothing
// written.
func checkIdle(t *testing.T, s *signer, root string, n Node) {
	t.Helper()
	before, signed := stamp(t, root), s.signed
	_, out := s.must(t, root, n, Options{})
	if diff := cmp.Diff(before, stamp(t, root)); diff != "" || s.signed != signed || len(out.Changes)+len(out.Restart) > 0 {
		t.Errorf("a second run did something: %+v, %d signed\n%s", out, s.signed-signed, diff)
	}
}

// What is not as it should be is made anew, alone, and named.
func TestMended(t *testing.T) {
	t.Parallel()
	s, root, n := newSigner(t), newRoot(t), master()
	s.must(t, root, n, Options{ServiceAccountKey: newServiceAccountKey(t)})
	write := func(name string, data []byte) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err := os.WriteFile(at(root, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	chmod := func(name string, mode os.FileMode) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err := os.Chmod(at(root, name), mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(name string) func(*testing.T) {
		return func(t *testing.T) {
			t.Helper()
			if err := os.Remove(at(root, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := newSigner(t)
	otherRoot := newRoot(t)
	other.must(t, otherRoot, n, Options{})
	for name, test := range map[string]struct {
		do     func(*testing.T)
		signed int
		want   string // path: why
	}{
		"a damaged certificate":    {write("pki/apiserver.crt", []byte("garbage")), 1, "pki/apiserver.crt: not one certificate in PEM"},
		"an empty certificate":     {write("pki/apiserver.crt", nil), 1, "pki/apiserver.crt: it is missing"},
		"no certificate":           {remove("pki/etcd/peer.crt"), 1, "pki/etcd/peer.crt: it is missing"},
		"no key":                   {remove("pki/etcd/peer.key"), 1, "pki/etcd/peer.key: its key is missing or cannot be read"},
		"a damaged key":            {write("pki/kubelet.key", []byte("garbage")), 1, "pki/kubelet.key: its key is missing or cannot be read"},
		"another's key":            {write("pki/kubelet.key", contents(t, at(root, "pki/apiserver.key"))), 1, "pki/kubelet.key: certificate is for another key"},
		"another CA's certificate": {write("pki/front-proxy-client.crt", contents(t, at(otherRoot, "pki/front-proxy-client.crt"))), 1, "pki/front-proxy-client.crt: certificate is for another key"},
		"another cluster's files":  {copyPair(root, otherRoot, "pki/front-proxy-client"), 1, "pki/front-proxy-client.crt: it is signed by none of the cluster's CAs"},
		"another's certificate":    {copyPair(root, root, "pki/apiserver-etcd-client", "pki/etcd/healthcheck-client"), 1, "pki/apiserver-etcd-client.crt: certificate is for another user or other groups"},
		"a key that others read":   {chmod("pki/apiserver.key", 0o644), 1, "pki/apiserver.key: others could read its key"},
		"a kubeconfig others read": {chmod("admin.conf", 0o640), 1, "admin.conf: others could read its key"},
		"a key of mode 0400":       {chmod("pki/apiserver.key", 0o400), 0, "pki/apiserver.key: its content, mode or owner was another"},
		"a certificate of 0600":    {chmod("pki/apiserver.crt", 0o600), 0, "pki/apiserver.crt: its content, mode or owner was another"},
		"a damaged kubeconfig":     {write("scheduler.conf", []byte("garbage: [")), 1, "scheduler.conf: it is missing"},
		"a kubeconfig's server":    {replace(root, "scheduler.conf", "api.example.org", "evil.example.org"), 0, "scheduler.conf: its content, mode or owner was another"},
		"damaged CAs":              {write("pki/ca.crt", []byte("garbage")), 0, "pki/ca.crt: Magnum has a new CA"},
		"no CAs":                   {remove("pki/etcd/ca.crt"), 0, "pki/etcd/ca.crt: it is missing"},
		"another public key":       {write("pki/sa.pub", []byte("garbage")), 0, "pki/sa.pub: its content, mode or owner was another"},
		"a shared key others read": {chmod("pki/sa.key", 0o644), 0, "pki/sa.key: " + ErrSharedKeyExposed.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			before, signed := stamp(t, root), s.signed
			test.do(t)
			_, out := s.must(t, root, n, Options{})
			if s.signed-signed != test.signed {
				t.Errorf("%d signed", s.signed-signed)
			}
			var got []string
			for _, c := range out.Changes {
				got = append(got, strings.TrimPrefix(c.Path, root+"/etc/kubernetes/")+": "+c.Why)
			}
			if !slices.Contains(got, test.want) {
				t.Errorf("got %q", got)
			}
			if test.signed == 0 && len(got) != 1 || len(got) > 2 {
				t.Errorf("more than that: %q", got)
			}
			for name := range stamp(t, root) {
				if _, ok := before[name]; !ok {
					t.Errorf("%s is left", name)
				}
			}
			if _, err := (nodeFiles{root, n}).check(now); err != nil {
				t.Error(err)
			}
			checkIdle(t, s, root, n)
		})
	}
}

func replace(root, name, old, text string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		data := bytes.ReplaceAll(contents(t, at(root, name)), []byte(old), []byte(text))
		if err := os.WriteFile(at(root, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// copyPair copies a pair from another root, by another name if that is given.
func copyPair(root, from, name string, as ...string) func(*testing.T) {
	return func(t *testing.T) {
		t.Helper()
		source := append(as, name)[0]
		for _, ext := range []string{".crt", ".key"} {
			if err := os.WriteFile(at(root, name+ext), contents(t, at(from, source+ext)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Hosts that are asked for anew, or no more, are a reason; a time is.
func TestRenewedForHostsAndDates(t *testing.T) {
	t.Parallel()
	s, root, n := newSigner(t), newRoot(t), master()
	s.must(t, root, n, Options{})
	for _, test := range []struct {
		name   string
		edit   func(*Node)
		after  time.Duration
		signed int
		why    error
	}{
		{"the same", func(*Node) {}, 0, 0, nil},
		{"one name more", func(n *Node) { n.DNSNames = append(n.DNSNames, "lb.example.org") }, 0, 4, pki.ErrOtherHosts},
		{"one name less", func(*Node) {}, 0, 4, pki.ErrOtherHosts},
		{"another order", func(n *Node) { n.DNSNames = slices.Clone(n.DNSNames); slices.Reverse(n.DNSNames) }, 0, 0, nil},
		{"other services", func(n *Node) { n.Services = nil }, 0, 1, pki.ErrOtherHosts},
		{"and back", func(*Node) {}, 0, 1, pki.ErrOtherHosts},
		{"twenty days", func(*Node) {}, 19 * 24 * time.Hour, 0, nil},
		{"near the end", func(*Node) {}, 21 * 24 * time.Hour, 13, errDue},
		{"after the end", func(*Node) {}, 60 * 24 * time.Hour, 13, pki.ErrExpired},
	} {
		signed := s.signed
		edited := n
		test.edit(&edited)
		p, _ := s.must(t, root, edited, Options{Now: now.Add(test.after)})
		if s.signed-signed != test.signed {
			t.Errorf("%s: %d signed", test.name, s.signed-signed)
		}
		for _, need := range p.Needs {
			if !errors.Is(need.Err, test.why) {
				t.Errorf("%s: %s: %v", test.name, need.Path, need.Err)
			}
		}
	}
}

// What a signer answers is believed by nobody.
func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	n := master()
	for name, test := range map[string]struct {
		edit func(*x509.Certificate)
		want error
	}{
		"another user":  {func(c *x509.Certificate) { c.Subject.CommonName = "x" }, pki.ErrOtherName},
		"a group more":  {func(c *x509.Certificate) { c.Subject.Organization = append(c.Subject.Organization, "x") }, pki.ErrOtherName},
		"a CA":          {func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, pki.ErrIsCA},
		"one host more": {func(c *x509.Certificate) { c.DNSNames = append(c.DNSNames, "x") }, pki.ErrOtherHosts},
		"no hosts":      {func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil }, pki.ErrOtherHosts},
		"an address":    {func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.org"} }, pki.ErrOtherHosts},
		"any use":       {func(c *x509.Certificate) { c.ExtraExtensions = nil }, pki.ErrOtherUsage},
		"another use": {func(c *x509.Certificate) {
			c.ExtraExtensions, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
		}, pki.ErrOtherUsage},
		"no signature":    {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, pki.ErrOtherUsage},
		"expired":         {func(c *x509.Certificate) { c.NotAfter = now }, pki.ErrExpired},
		"not yet valid":   {func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }, pki.ErrNotYetValid},
		"what it was for": {nil, nil},
	} {
		s, root := newSigner(t), newRoot(t)
		s.edit = test.edit
		if _, _, err := s.run(root, n, Options{}); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if _, err := os.Lstat(at(root, "pki")); test.want != nil && err == nil {
			t.Errorf("%s: something was installed", name)
		}
	}
	s := newSigner(t)
	key, answer, need := oneAnswer(t, s, n)
	if _, err := need.Accept(key, answer, newSigner(t).cas[need.CA].Certificate, now); !errors.Is(err, pki.ErrOtherCA) {
		t.Errorf("another CA: %v", err)
	}
	other, _, _ := oneAnswer(t, s, n)
	if _, err := need.Accept(other, answer, s.cas[need.CA].Certificate, now); !errors.Is(err, pki.ErrOtherKey) {
		t.Errorf("another key: %v", err)
	}
	if _, err := need.Accept(key, []byte("garbage"), s.cas[need.CA].Certificate, now); !errors.Is(err, pki.ErrMalformed) {
		t.Errorf("garbage: %v", err)
	}
}

func oneAnswer(t *testing.T, s *signer, n Node) (*ecdsa.PrivateKey, []byte, Need) {
	t.Helper()
	i := n.items()[0]
	need := Need{Path: i.path, CA: i.ca, Leaf: i.leaf}
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	request, err := pki.LeafRequest(key, need.Leaf)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.answer(request, need.CA, now)
	if err != nil {
		t.Fatal(err)
	}
	return key, answer, need
}
