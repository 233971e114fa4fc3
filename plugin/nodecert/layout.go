// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Layout is who laid a node's files out.
type Layout string

// The layouts that [Inspect] reads.
const (
	Ours    Layout = "node-certs"
	Kubeadm Layout = "kubeadm"
	Heat    Layout = "heat" // Magnum's make-cert.sh
)

// place is where a certificate and its key are, below the root directory.
type place struct {
	certificate, key string
	kubeconfig       string // that has both, or names their files, in place of them
	ca               magnum.CAType
	leaf             pki.Leaf
	optional         bool // not every node of this layout has it
}

func (p place) path() string {
	if p.kubeconfig != "" {
		return p.kubeconfig
	}
	return p.certificate
}

// findLayout goes by what only one of them has, so that a node which lost some
// of its files is not taken for another's; "" if there is nothing. What cannot
// be looked into is an error.
func (x *inspector) findLayout() (Layout, error) {
	if _, _, err := x.resolve("etc/kubernetes/pki"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			_, _, err := x.resolve(name)
			return err == nil
		})
	}
	const dir = "etc/kubernetes/"
	kubelet := x.kubeconfig(dir + kubeletConf)
	switch {
	case has(dir+"pki/kubelet.crt", dir+"pki/kubelet.key", dir+"kube-proxy.conf"):
		return Ours, nil
	case has("var/lib/kubelet/kubeadm-flags.env"), kubelet.certFile != "": // kubelet renews that one itself
		return Kubeadm, nil
	case has(dir+"certs") && !has(dir+"pki"):
		return Heat, nil
	case has(dir + lockName): // which a run that was refused leaves, too
		return Ours, nil
	case has(dir + "pki/ca.key"): // Magnum's has no copy
		return Kubeadm, nil
	case len(kubelet.pair.key) > 0:
		return Ours, nil
	case has(dir + "pki"):
		return Kubeadm, nil
	}
	return "", nil
}

// kubeconfig is one as far as it can be read.
func (x *inspector) kubeconfig(name string) credentials {
	data, _, err := x.read(name)
	if err != nil {
		return credentials{}
	}
	c, err := parseCurrent(data)
	if err != nil {
		c, _ = parseKubeconfig(data)
	}
	return c
}

// InstalledServer is the URL of the API server that kubelet is told of, or else
// another client; "" if none of them is, or by no plain https URL.
func InstalledServer(rootDir string) string {
	root, err := os.OpenRoot(rootDir)
	if err != nil {
		return ""
	}
	defer root.Close()
	x := &inspector{root: root}
	for _, name := range []string{kubeletConf, "kubelet-config.yaml", "admin.conf", "kube-proxy.conf", "controller-manager.conf", "scheduler.conf"} {
		if server := x.kubeconfig("etc/kubernetes/" + name).server; (Node{Server: server}).checkServer() == nil {
			return server
		}
	}
	return ""
}

// places are the files of CAs and the certificates that a node has in a layout.
func (n Node) places(l Layout) (cas map[magnum.CAType]string, all []place) {
	cas = map[magnum.CAType]string{}
	if l == Heat {
		for which, name := range heatCAs {
			if slices.Contains(n.CATypes(), which) {
				cas[which] = name
			}
		}
		return cas, n.heatPlaces()
	}
	const dir = "etc/kubernetes/"
	for _, which := range n.CATypes() {
		cas[which] = dir + caFiles[which]
	}
	for _, i := range n.items() {
		p := place{ca: i.ca, leaf: i.leaf}
		if i.kubeconfig() {
			p.kubeconfig = dir + i.path
		} else {
			p.certificate, p.key = dir+i.path+".crt", dir+i.path+".key"
		}
		all = append(all, p)
	}
	if l == Kubeadm {
		all = kubeadmPlaces(all)
	}
	return cas, all
}

// kubeadmPlaces are ours but for a kubelet that serves by a certificate of its
// own making unless it is told to ask for one, a kube-proxy that has none, and
// groups that depend on the release.
func kubeadmPlaces(ours []place) []place {
	var all []place
	for _, p := range ours {
		switch {
		case strings.HasSuffix(p.path(), "/kube-proxy.conf"):
			continue
		case strings.HasSuffix(p.path(), "/pki/kubelet.crt"):
			p.certificate = "var/lib/kubelet/pki/kubelet-server-current.pem"
			p.key, p.optional = p.certificate, true
		}
		if slices.Contains(p.leaf.Organizations, groupMasters) {
			p.leaf.Organizations = nil
		}
		all = append(all, p)
	}
	return all
}

var heatCAs = map[magnum.CAType]string{
	magnum.Kubernetes: "etc/kubernetes/certs/ca.crt",
	magnum.Etcd:       "etc/etcd/certs/ca.crt",
	magnum.FrontProxy: "etc/kubernetes/certs/front-proxy/ca.crt",
}

// heatPlaces are what make-cert.sh and make-cert-client.sh leave.
func (n Node) heatPlaces() []place {
	const dir = "etc/kubernetes/"
	pair := func(path string, ca magnum.CAType, leaf pki.Leaf) place {
		return place{certificate: path + ".crt", key: path + ".key", ca: ca, leaf: leaf}
	}
	config := func(path string, leaf pki.Leaf) place {
		return place{kubeconfig: dir + path, ca: magnum.Kubernetes, leaf: leaf}
	}
	kubelet := client("system:node:"+n.Name, "system:nodes")
	proxy := client("system:kube-proxy")
	serving := kubelet
	serving.Server, serving.IPs = true, n.IPs
	all := []place{
		pair(dir+"certs/kubelet", magnum.Kubernetes, serving),
		pair(dir+"certs/proxy", magnum.Kubernetes, proxy),
		config("kubelet-config.yaml", kubelet),
	}
	if n.Role == Worker {
		return append(all, config("proxy-config.yaml", proxy))
	}
	server := n.apiServer()
	server.DNSNames = slices.DeleteFunc(server.DNSNames, func(name string) bool { return name == n.Name })
	etcd := pki.Leaf{Subject: pki.Subject{CommonName: "etcd"}, Server: true, IPs: n.IPs}
	admin := client("admin", groupMasters)
	return append(all,
		config("proxy-kubeconfig.yaml", proxy),
		config("admin.conf", admin),
		pair(dir+"certs/admin", magnum.Kubernetes, admin),
		pair(dir+"certs/server", magnum.Kubernetes, server),
		pair("etc/etcd/certs/server", magnum.Etcd, etcd),
		pair(dir+"certs/front-proxy/server", magnum.FrontProxy, client("front-proxy")),
	)
}
