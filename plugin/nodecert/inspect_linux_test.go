// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// wrong are the problems of an inspection, a line each.
func wrong(found *Inspection) []string {
	lines := []string{}
	for _, f := range found.Files {
		for _, problem := range f.Problems {
			lines = append(lines, f.Path+": "+problem)
		}
	}
	return lines
}

// fine is how many certificates have no problems.
func fine(found *Inspection) int {
	n := 0
	for _, f := range found.Files {
		if len(f.Certificates) > 0 && len(f.Problems) == 0 {
			n++
		}
	}
	return n
}

func TestInspectLayouts(t *testing.T) {
	t.Parallel()
	for layout, test := range map[string]struct {
		make   func(others)
		node   Node
		layout Layout
		files  int
	}{
		"kubeadm":         {others.kubeadm, master(), Kubeadm, 3 + 7 + 4 + 2},
		"heat, a master":  {func(o others) { o.heat(ControlPlane, "m0") }, master(), Heat, 3 + 9},
		"heat, a worker":  {func(o others) { o.heat(Worker, "w0") }, worker(), Heat, 1 + 4},
		"ours, a master":  {ours, master(), Ours, 3 + 13 + 2},
		"ours, a worker":  {func(o others) { o.must(o.t, o.root, worker(), Options{}) }, worker(), Ours, 1 + 3},
		"ours, no longer": {func(o others) { o.must(o.t, o.root, worker(), Options{}); o.kubeadm() }, master(), Ours, 3 + 13 + 2},
	} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			o := others{t, newRoot(t), newSigner(t)}
			o.life = 365 * 24 * time.Hour
			test.make(o)
			before := stamp(t, o.root)
			for _, cas := range []Authorities{o.authorities(), nil} {
				found, err := Inspect(o.root, test.node, Owner{}, cas, now)
				if err != nil {
					t.Fatal(err)
				}
				if layout == "ours, no longer" { // two have been at work there
					if found.Problems() == 0 {
						t.Error("nothing is wrong")
					}
					continue
				}
				if diff := cmp.Diff([]string{}, wrong(found)); diff != "" || found.Layout != test.layout || len(found.Files) != test.files {
					t.Errorf("%s, %d files, by Magnum %v: %s", found.Layout, len(found.Files), cas != nil, diff)
				}
			}
			found, err := Inspect(o.root, test.node, Owner{}, newSigner(t).authorities(), now)
			if err != nil || fine(found) > 0 {
				t.Errorf("another CA: %v, %q", err, wrong(found))
			}
			found, err = Inspect(o.root, test.node, Owner{}, o.authorities(), now.Add(10*365*24*time.Hour))
			if err != nil || fine(found) > 0 {
				t.Errorf("ten years later: %v, %q", err, wrong(found))
			}
			if diff := cmp.Diff(before, stamp(t, o.root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each thing that can be wrong is named, and nothing else.
func TestInspectNames(t *testing.T) {
	t.Parallel()
	type change func(others)
	write := func(path, text string) change { return func(o others) { o.write(path, []byte(text), 0o600) } }
	chmod := func(path string, mode os.FileMode) change {
		return func(o others) { _ = os.Chmod(filepath.Join(o.root, path), mode) }
	}
	edit := func(path, old, now string) change {
		return func(o others) {
			text := contents(o.t, filepath.Join(o.root, path))
			o.write(path, bytes.Replace(text, []byte(old), []byte(now), 1), 0o600)
		}
	}
	remove := func(path string) change { return func(o others) { _ = os.Remove(filepath.Join(o.root, path)) } }
	const k, h = "etc/kubernetes/pki/", "etc/kubernetes/certs/"
	for what, test := range map[string]struct {
		make func(others)
		node Node
		do   change
		want string // "" = a problem is none
	}{
		"a missing certificate":     {others.kubeadm, master(), remove(k + "apiserver.crt"), k + "apiserver.crt: it is missing"},
		"a missing key":             {others.kubeadm, master(), remove(k + "apiserver.key"), k + "apiserver.crt: its key: it is missing"},
		"a damaged certificate":     {others.kubeadm, master(), write(k+"apiserver.crt", "x"), k + "apiserver.crt: not one certificate in PEM"},
		"a damaged key":             {others.kubeadm, master(), write(k+"apiserver.key", "x"), k + "apiserver.crt: the key is not the certificate's, or cannot be read"},
		"a key that others read":    {others.kubeadm, master(), chmod(k+"apiserver.key", 0o644), k + "apiserver.crt: others could read its key"},
		"a key that a group reads":  {others.kubeadm, master(), chmod(k+"apiserver.key", 0o640), ""},
		"a damaged kubeconfig":      {others.kubeadm, master(), write("etc/kubernetes/admin.conf", "x"), "etc/kubernetes/admin.conf: not a kubeconfig of one cluster and one user"},
		"kubelet's link to nowhere": {others.kubeadm, master(), remove("var/lib/kubelet/pki/kubelet-client-2026.pem"), "etc/kubernetes/kubelet.conf: it is missing"},
		"another node's":            {others.kubeadm, func() Node { n := master(); n.Name = "m1"; n.DNSNames = nil; return n }(), func(others) {}, "etc/kubernetes/kubelet.conf: certificate is for another user or other groups"},
		"one more host wanted":      {others.kubeadm, func() Node { n := master(); n.DNSNames = append(n.DNSNames, "lb"); return n }(), func(others) {}, k + "apiserver.crt: certificate is for other hosts: it lacks DNS:lb"},
		"CAs that others write":     {others.kubeadm, master(), chmod(k+"ca.crt", 0o666), k + "ca.crt: others can write it"},
		"kubeadm's self-made one":   {others.kubeadm, master(), write("var/lib/kubelet/pki/kubelet.crt", "x"), ""},
		"heat's appended CA":        {func(o others) { o.heat(Worker, "w0") }, worker(), appendCA(h + "ca.crt"), h + "ca.crt: it has a CA of before"},
		"heat's missing reference":  {func(o others) { o.heat(Worker, "w0") }, worker(), remove(h + "proxy.key"), "etc/kubernetes/proxy-config.yaml: its key: it is missing"},
		"heat's CA reference":       {func(o others) { o.heat(Worker, "w0") }, worker(), remove(h + "ca.crt"), "etc/kubernetes/proxy-config.yaml: its CA: it is missing"},
		"heat's empty certificate":  {func(o others) { o.heat(ControlPlane, "m0") }, master(), write(h+"server.crt", ""), h + "server.crt: not one certificate in PEM"},
		"heat's world readable key": {func(o others) { o.heat(ControlPlane, "m0") }, master(), chmod("etc/etcd/certs/server.key", 0o444), "etc/etcd/certs/server.crt: others could read its key"},
		"ours, one is missing":      {ours, master(), remove("etc/kubernetes/scheduler.conf"), "etc/kubernetes/scheduler.conf: it is missing"},
		"ours, a key a group reads": {ours, master(), chmod(k+"apiserver.key", 0o640), k + "apiserver.crt: others could read its key"},
		"ours, damaged CAs":         {ours, master(), write(k+"etcd/ca.crt", "x"), k + "etcd/peer.crt: the CAs on the disk did not sign it, though Magnum's did"},
		"ours, a pipe": {ours, master(), func(o others) {
			_ = os.Remove(at(o.root, "pki/apiserver.crt"))
			_ = os.Mkdir(at(o.root, "pki/apiserver.crt"), 0o755)
		}, k + "apiserver.crt: it is not a regular file"},
		"no such context":       {others.kubeadm, master(), edit("etc/kubernetes/scheduler.conf", "current-context: u@prod", "current-context: gone"), `etc/kubernetes/scheduler.conf: its current context "gone" is missing`},
		"no such user":          {ours, master(), edit("etc/kubernetes/scheduler.conf", "user: system", "user: gone"), `etc/kubernetes/scheduler.conf: its user "gone`},
		"a second cluster":      {others.kubeadm, master(), edit("etc/kubernetes/scheduler.conf", "clusters:", "clusters:\n- {name: dev, cluster: {server: x}}"), ""},
		"any server's":          {others.kubeadm, master(), edit("etc/kubernetes/scheduler.conf", "    server:", "    insecure-skip-tls-verify: true\n    server:"), "etc/kubernetes/scheduler.conf: it has the API server's certificate not verified"},
		"no server":             {others.kubeadm, master(), edit("etc/kubernetes/scheduler.conf", "https://api.example.org:6443", "''"), `etc/kubernetes/scheduler.conf: its server "" is not a plain https URL`},
		"ours, through a proxy": {ours, master(), edit("etc/kubernetes/scheduler.conf", "server:", "proxy-url: http://192.0.2.99\n        server:"), "etc/kubernetes/scheduler.conf: its content is not what node-certs writes"},
		"ours, another group": {func(o others) {
			ours(o)
			cert, key := o.pair(magnum.Kubernetes, name("kube-apiserver-kubelet-client", groupMasters, "more"))
			o.write(k+"apiserver-kubelet-client.crt", cert, 0o644)
			o.write(k+"apiserver-kubelet-client.key", key, 0o600)
		}, master(), func(others) {}, k + "apiserver-kubelet-client.crt: its key is missing or cannot be read"},
		"heat's certificates for all": {func(o others) { o.heat(ControlPlane, "m0") }, master(), chmod(h+"server.crt", 0o666), h + "server.crt: others can write it"},
		"heat's config for all":       {func(o others) { o.heat(ControlPlane, "m0") }, master(), chmod("etc/kubernetes/admin.conf", 0o666), "etc/kubernetes/admin.conf: others can write it"},
		"heat's config for a group":   {func(o others) { o.heat(ControlPlane, "m0") }, master(), chmod("etc/kubernetes/admin.conf", 0o664), ""},
		"heat's directory":            {func(o others) { o.heat(ControlPlane, "m0") }, master(), chmod("etc/kubernetes/certs", 0o777), "etc/kubernetes/certs: others can write in it"},
		"a directory a link leads to": {others.kubeadm, master(), chmod("var/lib/kubelet/pki", 0o777), "var/lib/kubelet/pki: others can write in it"},
		"a directory for a group":     {others.kubeadm, master(), chmod(k, 0o775), ""},
		"a sticky directory":          {others.kubeadm, master(), chmod("var", 0o777|os.ModeSticky), ""},
		"the root itself":             {others.kubeadm, master(), chmod(".", 0o777), ".: others can write in it"},
		"kubeadm's key is gone":       {others.kubeadm, master(), remove(k + "sa.key"), k + "sa.key: it is missing"},
		"kubeadm's keys change": {others.kubeadm, master(), func(o others) {
			o.write(k+"sa.pub", append(otherPublic(o.t), contents(o.t, at(o.root, saPublic))...), 0o600)
		}, ""},
		"a key of another":           {others.kubeadm, master(), func(o others) { o.write(k+"sa.pub", otherPublic(o.t), 0o600) }, k + "sa.pub: it is not the public half of sa.key"},
		"ours, no shared key":        {func(o others) { o.must(o.t, o.root, master(), Options{}) }, master(), func(others) {}, k + "sa.key: it is missing"},
		"ours, no public half":       {ours, master(), remove(k + "sa.pub"), k + "sa.pub: it is missing"},
		"ours, a damaged shared key": {ours, master(), write(k+"sa.key", "x"), k + "sa.key: not one private key in PEM"},
		"ours, a damaged half":       {ours, master(), func(o others) { o.write(k+"sa.pub", []byte("x"), 0o644) }, k + "sa.pub: not a public key in PEM"},
		"ours, more than the half":   {ours, master(), func(o others) { o.write(k+"sa.pub", append(contents(o.t, at(o.root, saPublic)), '\n'), 0o644) }, ""},
		"ours, a shared key exposed": {ours, master(), chmod(k+"sa.key", 0o640), k + "sa.key: others could read it: whoever did"},
		"ours, a key of mode 0400":   {ours, master(), chmod(k+"apiserver.key", 0o400), k + "apiserver.crt: its key has mode 0400, not 0600"},
		"ours, a certificate's mode": {ours, master(), chmod(k+"apiserver.crt", 0o664), k + "apiserver.crt: others can write it"},
		"ours, a directory":          {ours, master(), chmod(k+"etcd", 0o775), k + "etcd: it can be written by others"},
		"ours, the way to it":        {ours, master(), chmod("etc", 0o777), "etc: it can be written by others"},
		"ours, its root":             {ours, master(), chmod(".", 0o777), ".: it can be written by others"},
		"ours, a link":               {ours, master(), move(k+"apiserver.crt", "other.crt", "other.crt"), k + "apiserver.crt: it is behind a symbolic link, and node-certs follows none"},
		"ours, a linked directory":   {ours, master(), move(k+"etcd", "../etcd", "../etcd"), k + "etcd/peer.crt: it is behind a symbolic link, and node-certs follows none"},
		"ours, too long":             {ours, master(), write(k+"apiserver.crt", strings.Repeat("\n", sizeMax+1)), k + "apiserver.crt: it is longer than any certificate or key"},
		"kubeadm's, a linked pki":    {others.kubeadm, master(), move("etc/kubernetes/pki", "../../opt", "/opt"), ""},
		"kubelet's other disk":       {others.kubeadm, master(), move("var/lib/kubelet", "../../disk", "/disk"), ""},
		"a link above the root":      {others.kubeadm, master(), move(k+"apiserver.crt", "other.crt", "../../../../../etc/kubernetes/pki/other.crt"), ""},
		"links in a ring":            {others.kubeadm, master(), move(k+"apiserver.crt", "other.crt", "apiserver.crt"), k + "apiserver.crt: it leads through too many links"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := others{t, newRoot(t), newSigner(t)}
			test.make(o)
			test.do(o)
			found, err := Inspect(o.root, test.node, Owner{}, o.authorities(), now)
			if err != nil {
				t.Fatal(err)
			}
			got := wrong(found)
			if test.want == "" && len(got) > 0 || test.want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, test.want) }) {
				t.Errorf("got %q", got)
			}
		})
	}
}

// move puts what is at a path elsewhere, seen from its directory, and a link in its place.
func move(path, elsewhere, link string) func(others) {
	return func(o others) {
		o.t.Helper()
		old := filepath.Join(o.root, path)
		if err := errors.Join(os.Rename(old, filepath.Join(filepath.Dir(old), elsewhere)), os.Symlink(link, old)); err != nil {
			o.t.Fatal(err)
		}
	}
}

func ours(o others) {
	o.must(o.t, o.root, master(), Options{ServiceAccountKey: testSAKey()})
}

func otherPublic(t *testing.T) []byte {
	t.Helper()
	public, err := publicOf(contentsOfKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return public
}

var testSAKey = sync.OnceValue(func() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())})
})

func appendCA(path string) func(others) {
	return func(o others) {
		o.write(path, append(o.ca(magnum.Kubernetes), pki.MarshalCertificate(newCA(o.t, "prod").Certificate)...), 0o440)
	}
}

// A node's root is never left: a link out of it leads to what is within.
func TestInspectStaysInItsRoot(t *testing.T) {
	t.Parallel()
	o := others{t, newRoot(t), newSigner(t)}
	o.kubeadm()
	elsewhere := others{t, newRoot(t), o.signer}
	elsewhere.kubeadm()
	for _, to := range []string{at(elsewhere.root, "pki/apiserver.key"), "../../../../" + filepath.Base(elsewhere.root) + "/etc/kubernetes/pki/apiserver.key"} {
		path := at(o.root, "pki/apiserver.key")
		_ = os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		found, err := Inspect(o.root, master(), Owner{}, o.authorities(), now)
		if err != nil {
			t.Fatal(err)
		}
		if got := wrong(found); len(got) != 1 || !strings.HasPrefix(got[0], "etc/kubernetes/pki/apiserver.crt: its key: ") {
			t.Errorf("%s: got %q", to, got)
		}
	}
}

func TestInspectNothing(t *testing.T) {
	t.Parallel()
	if _, err := Inspect(newRoot(t), master(), Owner{}, nil, now); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v", err)
	}
	root := newRoot(t)
	if err := errors.Join(os.Mkdir(root+"/etc", 0o755), os.Symlink("kubernetes", root+"/etc/kubernetes")); err != nil {
		t.Fatal(err)
	}
	if _, err := Inspect(root, master(), Owner{}, nil, now); !errors.Is(err, errLinks) {
		t.Errorf("what cannot be looked into: %v", err)
	}
}

func TestCheckRoot(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{root: "", file: "is not a directory", root + "/missing": "does not exist"} {
		err := CheckRoot(dir)
		if refused, ok := errors.AsType[*NodeError](err); ok != (want != "") || ok && refused.Reason != want {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestInstalledServer(t *testing.T) {
	t.Parallel()
	o := others{t, newRoot(t), newSigner(t)}
	if got := InstalledServer(o.root); got != "" {
		t.Errorf("got %q", got)
	}
	o.heat(Worker, "w0")
	if got := InstalledServer(o.root); got != "https://api.example.org:6443" {
		t.Errorf("got %q", got)
	}
	o.write("etc/kubernetes/kubelet.conf", bytes.ReplaceAll(contents(t, at(o.root, "kubelet-config.yaml")), []byte("https:"), []byte("http:")), 0o600)
	if got := InstalledServer(o.root); got != "https://api.example.org:6443" {
		t.Errorf("a damaged one before: got %q", got)
	}
}
