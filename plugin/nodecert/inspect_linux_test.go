// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
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

// others lays out a node as others do: RSA keys, subjects of their own.
type others struct {
	t    *testing.T
	root string
	*signer
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func (o others) write(name string, data []byte, mode os.FileMode) {
	o.t.Helper()
	path := filepath.Join(o.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		o.t.Fatal(err)
	}
}

func (o others) ca(which magnum.CAType) []byte {
	return pki.MarshalCertificate(o.cas[which].Certificate)
}

// pair is a certificate of a subject, and its key. It is a server's if it has
// hosts, and a client's too unless its name says server.
func (o others) pair(which magnum.CAType, subject pkix.Name, hosts ...string) (cert, key []byte) {
	o.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(hosts) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	ca := o.cas[which]
	der, err := x509.CreateCertificate(rand.Reader, template, ca.Certificate, rsaKey().Public(), ca.Key)
	if err != nil {
		o.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())})
}

func (o others) files(path string, mode os.FileMode, which magnum.CAType, subject pkix.Name, hosts ...string) {
	o.t.Helper()
	cert, key := o.pair(which, subject, hosts...)
	o.write(path+".crt", cert, 0o644)
	o.write(path+".key", key, mode)
}

func name(cn string, groups ...string) pkix.Name {
	return pkix.Name{CommonName: cn, Organization: groups}
}

// kubeadm is a control plane as kubeadm init leaves it.
func (o others) kubeadm() {
	const dir = "etc/kubernetes/"
	o.write(dir+"pki/ca.crt", o.ca(magnum.Kubernetes), 0o644)
	o.write(dir+"pki/etcd/ca.crt", o.ca(magnum.Etcd), 0o644)
	o.write(dir+"pki/front-proxy-ca.crt", o.ca(magnum.FrontProxy), 0o644)
	o.files(dir+"pki/apiserver", 0o600, magnum.Kubernetes, name("kube-apiserver"), "m0", "m0.example.org", "kubernetes", "kubernetes.default",
		"kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "api.example.org", "10.254.0.1", "192.0.2.10")
	o.files(dir+"pki/apiserver-kubelet-client", 0o600, magnum.Kubernetes, name("kube-apiserver-kubelet-client", "kubeadm:cluster-admins"))
	o.files(dir+"pki/apiserver-etcd-client", 0o600, magnum.Etcd, name("kube-apiserver-etcd-client"))
	o.files(dir+"pki/front-proxy-client", 0o600, magnum.FrontProxy, name("front-proxy-client"))
	for _, server := range []string{"server", "peer"} {
		o.files(dir+"pki/etcd/"+server, 0o600, magnum.Etcd, name("m0"), "m0", "m0.example.org", "localhost", "192.0.2.10", "127.0.0.1", "::1")
	}
	o.files(dir+"pki/etcd/healthcheck-client", 0o600, magnum.Etcd, name("kube-etcd-healthcheck-client"))
	for conf, who := range map[string]pkix.Name{
		"admin.conf": name("kubernetes-admin", "kubeadm:cluster-admins"), "controller-manager.conf": name("system:kube-controller-manager"),
		"scheduler.conf": name("system:kube-scheduler"),
	} {
		cert, key := o.pair(magnum.Kubernetes, who)
		o.write(dir+conf, o.config("certificate-authority-data: "+b64(o.ca(magnum.Kubernetes)),
			"client-certificate-data: "+b64(cert), "client-key-data: "+b64(key)), 0o600)
	}
	o.write(dir+"kubelet.conf", o.config("certificate-authority-data: "+b64(o.ca(magnum.Kubernetes)),
		"client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem", "client-key: /var/lib/kubelet/pki/kubelet-client-current.pem"), 0o600)
	cert, key := o.pair(magnum.Kubernetes, name("system:node:m0", "system:nodes"))
	o.write("var/lib/kubelet/pki/kubelet-client-2026.pem", append(cert, key...), 0o600)
	// kubelet's link is absolute.
	if err := os.Symlink("/var/lib/kubelet/pki/kubelet-client-2026.pem", filepath.Join(o.root, "var/lib/kubelet/pki/kubelet-client-current.pem")); err != nil {
		o.t.Fatal(err)
	}
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

func (o others) config(ca string, user ...string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- cluster:
    %s
    server: https://api.example.org:6443
  name: prod
contexts:
- context: {cluster: prod, user: u}
  name: u@prod
current-context: u@prod
users:
- name: u
  user:
    %s
`, ca, strings.Join(user, "\n    "))
}

// heat is a node as make-cert.sh and make-cert-client.sh leave it.
func (o others) heat(role Role, node string) {
	const dir = "etc/kubernetes/"
	magnums := func(n pkix.Name) pkix.Name {
		n.OrganizationalUnit, n.Country, n.Locality = []string{"OpenStack/Magnum"}, []string{"US"}, []string{"Austin"}
		return n
	}
	o.write(dir+"certs/ca.crt", o.ca(magnum.Kubernetes), 0o440)
	config := func(path, cert string) {
		o.write(dir+path, o.config("certificate-authority: /etc/kubernetes/certs/ca.crt",
			"client-certificate: /etc/kubernetes/certs/"+cert+".crt", "client-key: /etc/kubernetes/certs/"+cert+".key"), 0o640)
	}
	o.files(dir+"certs/proxy", 0o440, magnum.Kubernetes, magnums(name("system:kube-proxy", "system:node-proxier")))
	config("kubelet-config.yaml", "kubelet")
	if role == Worker {
		o.files(dir+"certs/kubelet", 0o440, magnum.Kubernetes, magnums(name("system:node:"+node, "system:nodes")), "192.0.2.20", node)
		config("proxy-config.yaml", "proxy")
		return
	}
	hosts := []string{
		"192.0.2.10", "api.example.org", "127.0.0.1", "10.254.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "m0.example.org",
	}
	o.files(dir+"certs/server", 0o440, magnum.Kubernetes, magnums(name("kubernetes")), hosts...)
	o.files(dir+"certs/kubelet", 0o440, magnum.Kubernetes, magnums(name("system:node:"+node, "system:nodes")), hosts...)
	o.files(dir+"certs/admin", 0o440, magnum.Kubernetes, magnums(name("admin", "system:masters")))
	config("admin.conf", "admin")
	config("proxy-kubeconfig.yaml", "proxy")
	o.write("etc/etcd/certs/ca.crt", o.ca(magnum.Etcd), 0o440)
	o.files("etc/etcd/certs/server", 0o440, magnum.Etcd, magnums(name("etcd")), hosts...)
	o.write(dir+"certs/front-proxy/ca.crt", o.ca(magnum.FrontProxy), 0o440)
	o.files(dir+"certs/front-proxy/server", 0o440, magnum.FrontProxy, magnums(name("front-proxy")), hosts...)
}

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

func TestInspectLayouts(t *testing.T) {
	t.Parallel()
	for layout, test := range map[string]struct {
		make   func(others)
		node   Node
		layout Layout
		files  int
	}{
		"kubeadm":         {others.kubeadm, master(), Kubeadm, 3 + 7 + 4},
		"heat, a master":  {func(o others) { o.heat(ControlPlane, "m0") }, master(), Heat, 3 + 9},
		"heat, a worker":  {func(o others) { o.heat(Worker, "w0") }, worker(), Heat, 1 + 4},
		"ours, a master":  {func(o others) { o.must(o.t, o.root, master(), Options{}) }, master(), Ours, 3 + 13},
		"ours, a worker":  {func(o others) { o.must(o.t, o.root, worker(), Options{}) }, worker(), Ours, 1 + 3},
		"ours, no longer": {func(o others) { o.must(o.t, o.root, worker(), Options{}); o.kubeadm() }, master(), Ours, 3 + 13},
	} {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			o := others{t, newRoot(t), newSigner(t)}
			o.life = 365 * 24 * time.Hour
			test.make(o)
			before := stamp(t, o.root)
			for _, cas := range []Authorities{o.authorities(), nil} {
				found, err := Inspect(o.root, test.node, cas, now)
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
			found, err := Inspect(o.root, test.node, newSigner(t).authorities(), now)
			if err != nil || found.Problems() != len(found.Files) {
				t.Errorf("another CA: %v, %q", err, wrong(found))
			}
			found, err = Inspect(o.root, test.node, o.authorities(), now.Add(10*365*24*time.Hour))
			if err != nil || found.Problems() != len(found.Files) {
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
		"ours, links in a ring": {ours, master(), func(o others) {
			_ = os.Remove(at(o.root, "pki/apiserver.crt"))
			_ = os.Symlink("apiserver.crt", at(o.root, "pki/apiserver.crt"))
		}, k + "apiserver.crt: it leads through too many links"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := others{t, newRoot(t), newSigner(t)}
			test.make(o)
			test.do(o)
			found, err := Inspect(o.root, test.node, o.authorities(), now)
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

func ours(o others) { o.must(o.t, o.root, master(), Options{}) }

func appendCA(path string) func(others) {
	return func(o others) {
		o.write(path, append(o.ca(magnum.Kubernetes), pki.MarshalCertificate(newCA(o.t, "prod").Certificate)...), 0o440)
	}
}

// A node's root is never left: a link out of it leads to what is within.
func TestInspectStaysInItsRoot(t *testing.T) {
	t.Parallel()
	o := others{t, newRoot(t), newSigner(t)}
	ours(o)
	elsewhere := others{t, newRoot(t), o.signer}
	ours(elsewhere)
	for _, to := range []string{at(elsewhere.root, "pki/apiserver.key"), "../../../../" + filepath.Base(elsewhere.root) + "/etc/kubernetes/pki/apiserver.key"} {
		path := at(o.root, "pki/apiserver.key")
		_ = os.Remove(path)
		if err := os.Symlink(to, path); err != nil {
			t.Fatal(err)
		}
		found, err := Inspect(o.root, master(), o.authorities(), now)
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
	if _, err := Inspect(newRoot(t), master(), nil, now); !errors.Is(err, ErrNothing) {
		t.Errorf("got %v", err)
	}
	if _, err := Inspect(filepath.Join(t.TempDir(), "missing"), master(), nil, now); err == nil {
		t.Error("a directory that is missing")
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
}
