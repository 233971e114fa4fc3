// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NodeOptions say what to start of a control plane, and from which files.
type NodeOptions struct {
	// Etcd, APIServer and ControllerManager are the programs, as package
	// binaries builds them.
	Etcd, APIServer, ControllerManager string
	// Root is the directory below which etc/kubernetes has all certificates and
	// keys, in kubeadm's names.
	Root string
	// Port is where the API server listens, on loopback.
	Port *Port
}

// Port is a TCP port on loopback that nobody else gets, so that it can stand in
// certificates and kubeconfigs before anything listens there.
type Port struct{ reserved reservedPort }

// ReservePort is for a Node to come.
func ReservePort() (*Port, error) {
	p, err := reservePort()
	return &Port{p}, err
}

// URL is where an API server on the port is.
func (p *Port) URL() string { return fmt.Sprintf("https://%s", p.Address()) }

// Address is the same for [net.Dial].
func (p *Port) Address() string { return fmt.Sprintf("127.0.0.1:%d", p.reserved.number) }

// Node is a control plane of one node, started from the files on it and nothing
// else: it has no kubelet, kube-proxy or scheduler, and its etcd has no peers.
// Its methods must not be called concurrently.
type Node struct {
	options                NodeOptions
	dir                    string
	etcdURL                string
	etcd, api, controllers *process
}

// StartNode starts etcd and the API server, which then listens but may not be
// ready. It refuses to start without files of its own.
func StartNode(ctx context.Context, o NodeOptions) (_ *Node, err error) {
	dir, err := os.MkdirTemp("", "e2e-node-")
	if err != nil {
		return nil, err
	}
	n := &Node{options: o, dir: dir}
	defer func() {
		if err != nil {
			n.Stop()
		}
	}()
	return n, n.Restart(ctx, "etcd", "kube-apiserver", "kube-controller-manager")
}

// Stop ends all of it and removes what is not below Root.
func (n *Node) Stop() {
	n.controllers.kill()
	n.api.kill()
	n.etcd.kill()
	_ = os.RemoveAll(n.dir)
}

// EtcdURL is where etcd serves its clients.
func (n *Node) EtcdURL() string { return n.etcdURL }

// Log returns what a component has logged since it was started last.
func (n *Node) Log(component string) string {
	log, _ := os.ReadFile(n.path(component + ".log"))
	return string(log)
}

// Restart starts components, after it has ended those that run. Others than
// these three are none of this node's.
func (n *Node) Restart(ctx context.Context, components ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for _, component := range components {
		var err error
		switch component {
		case "etcd":
			err = n.startEtcd(ctx)
		case "kube-apiserver":
			n.api.kill()
			n.api, err = startProcess(n.path("kube-apiserver.log"), n.options.APIServer, n.apiServerFlags()...)
		case "kube-controller-manager":
			n.controllers.kill()
			n.controllers, err = startProcess(n.path("kube-controller-manager.log"), n.options.ControllerManager, n.controllerFlags()...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Alive says which component has ended by itself, if one has.
func (n *Node) Alive() error {
	for _, p := range []*process{n.etcd, n.api, n.controllers} {
		select {
		case <-p.done:
			return p.died()
		default:
		}
	}
	return nil
}

func (n *Node) startEtcd(ctx context.Context) (err error) {
	n.etcd.kill()
	n.etcd, err = startProcess(n.path("etcd.log"), n.options.Etcd, "-data", n.path("etcd"), "-pki", n.pki("etcd"))
	if err != nil {
		return err
	}
	n.etcdURL, err = n.etcd.firstLine(ctx)
	if err == nil && n.etcdURL == "" {
		err = errors.New("etcd says no address")
	}
	return err
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

func (n *Node) pki(name string) string {
	return filepath.Join(n.options.Root, "etc/kubernetes/pki", name)
}

func (n *Node) conf(name string) string {
	return filepath.Join(n.options.Root, "etc/kubernetes", name)
}

// apiServerFlags are kubeadm's, as far as they name files.
func (n *Node) apiServerFlags() []string {
	return []string{
		"--etcd-servers=" + n.etcdURL,
		"--etcd-cafile=" + n.pki("etcd/ca.crt"),
		"--etcd-certfile=" + n.pki("apiserver-etcd-client.crt"),
		"--etcd-keyfile=" + n.pki("apiserver-etcd-client.key"),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", n.options.Port.reserved.number),
		"--permit-port-sharing=true", // the port is reserved by a socket of ours
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + n.pki("apiserver.crt"),
		"--tls-private-key-file=" + n.pki("apiserver.key"),
		"--client-ca-file=" + n.pki("ca.crt"),
		"--kubelet-certificate-authority=" + n.pki("ca.crt"),
		"--kubelet-client-certificate=" + n.pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + n.pki("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--proxy-client-cert-file=" + n.pki("front-proxy-client.crt"),
		"--proxy-client-key-file=" + n.pki("front-proxy-client.key"),
		"--requestheader-client-ca-file=" + n.pki("front-proxy-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + n.pki("sa.pub"),
		"--service-account-signing-key-file=" + n.pki("sa.key"),
		"--service-cluster-ip-range=10.254.0.0/16",
		"--allow-privileged=true",
		"--profiling=false",
	}
}

func (n *Node) controllerFlags() []string {
	return []string{
		"--kubeconfig=" + n.conf("controller-manager.conf"),
		"--authentication-kubeconfig=" + n.conf("controller-manager.conf"),
		"--authorization-kubeconfig=" + n.conf("controller-manager.conf"),
		"--client-ca-file=" + n.pki("ca.crt"),
		"--requestheader-client-ca-file=" + n.pki("front-proxy-ca.crt"),
		"--root-ca-file=" + n.pki("ca.crt"),
		"--service-account-private-key-file=" + n.pki("sa.key"),
		"--use-service-account-credentials=true",
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--secure-port=0",
		"--profiling=false",
	}
}
