// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// A node that lost files is still of the layout that it was of.
func TestFindLayout(t *testing.T) {
	t.Parallel()
	master := func(o others) { o.must(o.t, o.root, master(), Options{}) }
	worker := func(o others) { o.must(o.t, o.root, worker(), Options{}) }
	kubeadmWorker := func(o others) {
		o.kubeadm()
		for _, name := range []string{"pki/etcd", "pki/front-proxy-ca.crt", "admin.conf", "scheduler.conf", "controller-manager.conf"} {
			_ = os.RemoveAll(at(o.root, name))
		}
	}
	for what, test := range map[string]struct {
		make func(others)
		lost []string // below etc/kubernetes
		want Layout
	}{
		"a worker of ours":              {worker, nil, Ours},
		"its own two lost":              {worker, []string{"pki/kubelet.crt", "pki/kubelet.key", "kube-proxy.conf"}, Ours},
		"all but the lock":              {worker, []string{"pki", "kube-proxy.conf", "kubelet.conf"}, Ours},
		"the lock too":                  {worker, []string{lockName, "pki/kubelet.crt", "pki/kubelet.key", "kube-proxy.conf"}, Ours},
		"only a key":                    {worker, []string{lockName, "pki/kubelet.crt", "kubelet.conf", "kube-proxy.conf"}, Ours},
		"a master, the lock too":        {master, []string{lockName, "pki/kubelet.crt", "pki/kubelet.key", "kube-proxy.conf"}, Ours},
		"kubeadm's":                     {others.kubeadm, nil, Kubeadm},
		"kubeadm's, a worker":           {kubeadmWorker, nil, Kubeadm},
		"kubeadm's, no kubelet.conf":    {others.kubeadm, []string{"kubelet.conf"}, Kubeadm},
		"kubeadm's, no pki":             {others.kubeadm, []string{"pki"}, Kubeadm},
		"kubeadm's, a run was refused":  {func(o others) { o.kubeadm(); o.write("etc/kubernetes/"+lockName, nil, 0o600) }, nil, Kubeadm},
		"kubeadm's, of before 1.17":     {func(o others) { master(o); o.write("etc/kubernetes/pki/ca.key", nil, 0o600) }, []string{lockName, "pki/kubelet.crt", "pki/kubelet.key", "kube-proxy.conf"}, Kubeadm},
		"kubeadm's, by what kubelet is": {func(o others) { o.kubeadm(); o.write("var/lib/kubelet/kubeadm-flags.env", nil, 0o644) }, []string{"kubelet.conf", "pki"}, Kubeadm},
		"kubeadm's, not joined yet":     {func(o others) { o.kubeadm(); o.write("etc/kubernetes/kubelet.conf", o.config("", "token: x"), 0o600) }, nil, Kubeadm},
		"heat's":                        {func(o others) { o.heat(Worker, "w0") }, nil, Heat},
		"heat's, a run was refused":     {func(o others) { o.heat(Worker, "w0"); o.write("etc/kubernetes/"+lockName, nil, 0o600) }, nil, Heat},
		"nobody's":                      {worker, []string{lockName, "pki", "kubelet.conf", "kube-proxy.conf"}, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := others{t, newRoot(t), newSigner(t)}
			test.make(o)
			for _, name := range test.lost {
				if err := os.RemoveAll(at(o.root, name)); err != nil {
					t.Fatal(err)
				}
			}
			root, err := os.OpenRoot(o.root)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			if got, err := (&inspector{root: root}).findLayout(); err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

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
	_ = os.Remove(path) // it may be read-only
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
	public, err := publicOf(testSAKey())
	if err != nil {
		o.t.Fatal(err)
	}
	o.write(dir+saKey, testSAKey(), 0o600)
	o.write(dir+saPublic, public, 0o600)
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
