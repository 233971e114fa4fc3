// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Rotations rotates twice, node by node in the three steps, while both nodes'
// clients ask both nodes' servers all the time: none is ever distrusted.
func Rotations(t *testing.T, w *World) {
	for round := range 2 {
		watch := w.watch(t)
		before := w.snapshot(t)
		w.Rotate(t)
		w.step(t)
		for _, n := range w.nodes {
			if report := w.nodeCerts(t, n, "--renew"); report.Signed != 13 || slices.Contains(report.Restart, "kube-apiserver") {
				t.Errorf("round %d, %s: %+v", round, n.name, report)
			}
			w.pickedUp(t, n)
		}
		w.restartControllers(t)
		w.step(t, "--finish")
		for _, n := range w.nodes {
			w.gone(t, n, before)
			w.check(t, n)
			w.works(t, n)
		}
		watch.stop(t)
	}
}

// step is one on each node, the components restarted that it names.
func (w *World) step(t *testing.T, flags ...string) {
	t.Helper()
	for _, n := range w.nodes {
		report := w.nodeCerts(t, n, flags...)
		if report.Signed != 0 || !slices.Contains(report.Restart, "kube-apiserver") || !slices.Contains(report.Restart, "etcd") {
			t.Errorf("%s: %+v", n.name, report)
		}
		if err := n.running.Restart(t.Context(), report.Restart...); err != nil {
			t.Fatal(err)
		}
		w.ready(t, n)
	}
}

func (w *World) restartControllers(t *testing.T) {
	t.Helper()
	for _, n := range w.nodes {
		if err := n.running.Restart(t.Context(), "kube-controller-manager"); err != nil {
			t.Fatal(err)
		}
	}
}

// pickedUp waits until the API server, which was not restarted, presents what
// is installed by now.
func (w *World) pickedUp(t *testing.T, n *node) {
	t.Helper()
	began := time.Now()
	eventually(t, "the API server of "+n.name+" presents its new certificate", func() error {
		conn, err := tls.Dial("tcp", n.port.Address(), &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			return err
		}
		defer conn.Close()
		pair, err := tls.X509KeyPair(n.read(t, "pki/apiserver.crt"), n.read(t, "pki/apiserver.key"))
		if err != nil {
			return err
		}
		if !bytes.Equal(conn.ConnectionState().PeerCertificates[0].Raw, pair.Certificate[0]) {
			return errors.New("it is another")
		}
		_, err = get(t.Context(), n, "admin.conf", n, "/readyz") // and takes new clients
		return err
	})
	t.Logf("%s: picked up after %s", n.name, time.Since(began).Round(time.Millisecond))
}

// snapshot is all that is installed, by node and path.
func (w *World) snapshot(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, n := range w.nodes {
		err := filepath.WalkDir(n.root, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				all[path], err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// gone checks that nothing of the old CA is left on a node, that all keys are
// new but the shared one (and the lock and the cluster's UUID are the same), and that there is no other file than before.
func (w *World) gone(t *testing.T, n *node, before map[string][]byte) {
	t.Helper()
	after := w.snapshot(t)
	if len(after) != len(before) {
		t.Errorf("%d files, then %d", len(before), len(after))
	}
	for path, data := range after {
		if !strings.HasPrefix(path, n.root) {
			continue
		}
		name := filepath.Base(path)
		if same := bytes.Equal(data, before[path]); same != slices.Contains([]string{"sa.key", "sa.pub", "magnum-cluster", ".kubectl-magnum.lock"}, name) {
			t.Errorf("%s is the same: %v", path, same)
		}
		if info, err := os.Stat(path); err != nil || strings.HasSuffix(path, ".key") && info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	for ca, client := range map[string]string{"pki/ca.crt": "pki/apiserver.crt", "pki/etcd/ca.crt": "pki/etcd/server.crt", "pki/front-proxy-ca.crt": "pki/front-proxy-client.crt"} {
		if hasCA(n.read(t, ca), before[n.path(ca)]) {
			t.Errorf("%s of %s has the old CA", ca, n.name)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(before[n.path(ca)])
		pair, err := tls.X509KeyPair(n.read(t, client), n.read(t, strings.TrimSuffix(client, ".crt")+".key"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err == nil {
			t.Errorf("%s of %s is of the old CA", client, n.name)
		}
	}
	for _, conf := range []string{"admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf", "kube-proxy.conf"} {
		id, err := n.load(conf)
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(n.read(t, "pki/ca.crt"))
		if err != nil || !id.roots.Equal(pool) {
			t.Errorf("%s of %s trusts other CAs than ca.crt: %v", conf, n.name, err)
		}
	}
}
