// SPDX-License-Identifier: Apache-2.0

// Package nodecerts tests that a control plane starts from what node-certs
// installed and from nothing else, and lives through rotations: with a real
// etcd, kube-apiserver and kube-controller-manager. What a real OpenStack is to
// be asked too are functions, as in package mainjob.
//
// There is no kubelet, which runs only on a machine of its own: a server of the
// test's stands in for it, with its certificate, and the API server talks to
// that. No API stability promise.
package nodecerts

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
)

// OpenStack is a Keystone and a Magnum whose cluster can be rotated.
type OpenStack struct {
	mainjob.OpenStack
	// Rotate has Magnum replace its CAs, and returns when it has.
	Rotate func(t testing.TB)
}

// Programs are what the scenarios are done with.
type Programs struct {
	mainjob.Programs
	ControllerManager string
}

// Build builds the programs or finds them, once in a process; see package
// binaries.
func Build(t testing.TB) Programs {
	t.Helper()
	return Programs{Programs: mainjob.Build(t), ControllerManager: mainjob.BuildControllerManager(t)}
}

// World is an OpenStack and the nodes of a cluster in it.
type World struct {
	OpenStack
	Programs
	env   *env.Env
	saKey string // file
	nodes []*node
}

// node is a control plane and what is installed on it.
type node struct {
	name, root string
	port       *cluster.Port
	running    *cluster.Node
	kubelet    *kubelet
	flags      []string
}

// New makes two nodes, with nothing on them yet.
func New(t *testing.T, o OpenStack, p Programs) *World {
	t.Helper()
	e, err := env.New(t.Context(), env.Options{Kubectl: p.Kubectl, Plugin: p.Plugin, CloudsYAML: o.CloudsYAML, Cloud: o.Cloud})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	e.Setenv("KUBECTL_MAGNUM_CACHE", "none")
	w := &World{OpenStack: o, Programs: p, env: e, saKey: filepath.Join(e.Home, "sa.key")}
	writeSAKey(t, w.saKey)
	for _, name := range []string{"m0", "m1"} {
		n := &node{name: name, root: filepath.Join(e.Dir, name)}
		if err := os.Mkdir(n.root, 0o755); err != nil {
			t.Fatal(err)
		}
		if n.port, err = cluster.ReservePort(); err != nil {
			t.Fatal(err)
		}
		n.flags = []string{
			"--node-name", name, "--role", "control-plane", "--ip", "127.0.0.1", "--san", name + ".example.org", "--san", "192.0.2.10",
			"--root", n.root,
		}
		w.nodes = append(w.nodes, n)
	}
	// Magnum says where the first one is; the second one is told.
	o.SetAPIAddress(t, w.nodes[0].port.URL())
	w.nodes[1].flags = append(w.nodes[1].flags, "--server", w.nodes[1].port.URL())
	return w
}

func writeSAKey(t *testing.T, path string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Report is what node-certs -o json says.
type Report struct {
	Signed  int
	Restart []string
	Changes []struct{ Path, Why string }
	OldCAs  int `json:"old_cas"`
}

// nodeCerts runs node-certs on a node; it must succeed.
func (w *World) nodeCerts(t *testing.T, n *node, flags ...string) Report {
	t.Helper()
	args := slices.Concat([]string{"node-certs", w.Cluster, "-o", "json"}, n.flags, flags)
	out := w.env.Run(t.Context(), "kubectl-magnum", args...)
	var report Report
	if err := json.Unmarshal([]byte(out.Stdout), &report); err != nil || out.Code != 0 || out.Stderr != "" {
		t.Fatalf("%q: exit status %d, %v\n%s%s", args, out.Code, err, out.Stdout, out.Stderr)
	}
	return report
}

// check has node-certs --check look at a node, which finds nothing wrong.
func (w *World) check(t *testing.T, n *node) {
	t.Helper()
	args := slices.Concat([]string{"node-certs", w.Cluster, "--check"}, n.flags)
	if out := w.env.Run(t.Context(), "kubectl-magnum", args...); out.Code != 0 {
		t.Errorf("%q: exit status %d\n%s%s", args, out.Code, out.Stdout, out.Stderr)
	}
}

// start starts a node's components from what is installed.
func (w *World) start(t *testing.T, n *node) {
	t.Helper()
	var err error
	n.running, err = cluster.StartNode(t.Context(), cluster.NodeOptions{
		Etcd: w.Etcd, APIServer: w.APIServer, ControllerManager: w.ControllerManager, Root: n.root, Port: n.port,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, component := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
				log := []byte(n.running.Log(component))
				t.Logf("%s of %s:\n%s", component, n.name, log[max(0, len(log)-3000):])
			}
		}
		n.running.Stop()
	})
	n.kubelet = startKubelet(t, n)
	w.ready(t, n)
}

// ready waits until the API server answers an administrator.
func (w *World) ready(t *testing.T, n *node) {
	t.Helper()
	eventually(t, "the API server of "+n.name+" is ready", func() error {
		if err := n.running.Alive(); err != nil {
			t.Fatal(err)
		}
		_, err := get(t.Context(), n, "admin.conf", n, "/readyz")
		return err
	})
}

func (n *node) path(name string) string { return filepath.Join(n.root, "etc/kubernetes", name) }

func (n *node) read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(n.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// hasCA says whether a file of n, base64 in it decoded, has anything of a CA.
func hasCA(data []byte, ca []byte) bool {
	block, _ := pem.Decode(ca)
	return bytes.Contains(data, bytes.TrimSpace(ca)) || bytes.Contains(data, block.Bytes)
}
