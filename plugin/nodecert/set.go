// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"net/netip"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// Role is what a node does in its cluster.
type Role string

// The roles of nodes.
const (
	ControlPlane Role = "control-plane" // etcd and the API server run on it
	Worker       Role = "worker"
)

// Node is a node as its certificates know it. It has to pass [Node.Check].
type Node struct {
	Name     string
	Role     Role
	IPs      []netip.Addr // its own, and others that its servers are reached by
	DNSNames []string     // beside its name
	// Services are the networks that a control plane's services have their
	// addresses from. The first address of each is the API server's.
	Services []netip.Prefix
	// Server is the URL of the API server, or of the load balancer before it. Only
	// [Inspect] does without.
	Server string
}

// groupMasters is bound to cluster-admin by the API server itself. kubeadm's own
// group for this, kubeadm:cluster-admins, means something only where kubeadm
// has bound it.
const groupMasters = "system:masters"

// item is one certificate of a node, with its key: two files below pki, or both
// in a kubeconfig.
type item struct {
	path string // below etc/kubernetes: without extension below pki, else of a kubeconfig
	ca   magnum.CAType
	leaf pki.Leaf
}

func (i item) kubeconfig() bool { return !inPKI(i.path) }

// items are all certificates of a node, those below pki first. Names, subjects
// and uses are kubeadm's; it has no kubelet.crt and no kube-proxy.conf, for
// which Kubernetes itself says what they have to be.
func (n Node) items() []item {
	kubelet := []item{
		{"pki/kubelet", magnum.Kubernetes, n.server("system:node:"+n.Name, "system:nodes")},
		{kubeletConf, magnum.Kubernetes, client("system:node:"+n.Name, "system:nodes")},
		{"kube-proxy.conf", magnum.Kubernetes, client("system:kube-proxy")},
	}
	if n.Role == Worker {
		return kubelet
	}
	etcd := n.server(n.Name)
	etcd.Client = true
	etcd.DNSNames = appendNew(etcd.DNSNames, "localhost")
	etcd.IPs = appendNew(etcd.IPs, netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback())
	return append([]item{
		{"pki/apiserver", magnum.Kubernetes, n.apiServer()},
		{"pki/apiserver-kubelet-client", magnum.Kubernetes, client("kube-apiserver-kubelet-client", groupMasters)},
		{"pki/apiserver-etcd-client", magnum.Etcd, client("kube-apiserver-etcd-client")},
		{"pki/front-proxy-client", magnum.FrontProxy, client("front-proxy-client")},
		{"pki/etcd/server", magnum.Etcd, etcd},
		{"pki/etcd/peer", magnum.Etcd, etcd},
		{"pki/etcd/healthcheck-client", magnum.Etcd, client("kube-etcd-healthcheck-client")},
		kubelet[0],
		{"admin.conf", magnum.Kubernetes, client("kubernetes-admin", groupMasters)},
		{"controller-manager.conf", magnum.Kubernetes, client("system:kube-controller-manager")},
		{"scheduler.conf", magnum.Kubernetes, client("system:kube-scheduler")},
	}, kubelet[1:]...)
}

const kubeletConf = "kubelet.conf"

func client(user string, groups ...string) pki.Leaf {
	return pki.Leaf{Subject: pki.Subject{CommonName: user, Organizations: groups}, Client: true}
}

// server is for what is reached by the node's own name and addresses.
func (n Node) server(name string, groups ...string) pki.Leaf {
	return pki.Leaf{
		Subject:  pki.Subject{CommonName: name, Organizations: groups},
		Server:   true,
		DNSNames: appendNew([]string{n.Name}, n.DNSNames...),
		IPs:      appendNew(nil, n.IPs...),
	}
}

// apiServer is also reached from within the cluster, and through what may be a
// load balancer.
func (n Node) apiServer() pki.Leaf {
	leaf := n.server("kube-apiserver")
	leaf.DNSNames = appendNew(leaf.DNSNames, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
	for _, network := range n.Services {
		leaf.IPs = appendNew(leaf.IPs, network.Masked().Addr().Next())
	}
	switch name, ip := n.serverHost(); {
	case ip.IsValid():
		leaf.IPs = appendNew(leaf.IPs, ip)
	case name != "":
		leaf.DNSNames = appendNew(leaf.DNSNames, name)
	}
	return leaf
}

func appendNew[T comparable](to []T, values ...T) []T {
	to = slices.Clone(to)
	for _, v := range values {
		if !slices.Contains(to, v) {
			to = append(to, v)
		}
	}
	return to
}

// CATypes are the CAs that the node's certificates are from.
func (n Node) CATypes() []magnum.CAType {
	if n.Role == Worker {
		return []magnum.CAType{magnum.Kubernetes}
	}
	return []magnum.CAType{magnum.Kubernetes, magnum.Etcd, magnum.FrontProxy}
}

// caFiles are where the CAs are, below etc/kubernetes.
var caFiles = map[magnum.CAType]string{
	magnum.Kubernetes: "pki/ca.crt",
	magnum.Etcd:       "pki/etcd/ca.crt",
	magnum.FrontProxy: "pki/front-proxy-ca.crt",
}
