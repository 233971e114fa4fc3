// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Starts has both nodes' certificates made and their control planes started
// from them, and looks at each promise about them.
func Starts(t *testing.T, w *World) {
	for _, n := range w.nodes {
		var report Report
		asked := w.asked(t, func() { report = w.nodeCerts(t, n, "--sa-key", w.saKey) })
		if report.Signed != 13 || len(report.Restart) != 6 {
			t.Errorf("%s: %+v", n.name, report)
		}
		want := map[string]int{"tokens": 1, "signed": 13, "all": 18}
		if fmt.Sprint(asked) != fmt.Sprint(want) {
			t.Errorf("%s asked %v, want %v", n.name, asked, want)
		}
		w.check(t, n)
		w.start(t, n)
	}
	for _, n := range w.nodes {
		for _, of := range w.nodes {
			w.register(t, n, of)
		}
	}
	for _, n := range w.nodes {
		w.kubectl(t, n)
		w.whoami(t, n)
		w.everySAN(t, n)
		w.controllers(t, n)
		w.etcdHealth(t, n)
		w.kubelets(t, n)
	}
}

// asked is what OpenStack was asked during step.
func (w *World) asked(t *testing.T, step func()) map[string]int {
	t.Helper()
	before := len(w.Requests(t))
	step()
	n := map[string]int{}
	for _, r := range w.Requests(t)[before:] {
		n["all"]++
		if strings.HasSuffix(r, "/auth/tokens") {
			n["tokens"]++
		}
		if strings.HasPrefix(r, "POST") && strings.HasSuffix(r, "/certificates") {
			n["signed"]++
		}
	}
	return n
}

func (w *World) kubectl(t *testing.T, n *node) {
	t.Helper()
	out := w.env.Run(t.Context(), "kubectl", "--kubeconfig", n.path("admin.conf"), "get", "ns")
	if out.Code != 0 || !strings.Contains(out.Stdout, "kube-system") {
		t.Errorf("%s: kubectl get ns: %d\n%s%s", n.name, out.Code, out.Stdout, out.Stderr)
	}
}

// whoami asks the API server who each kubeconfig is.
func (w *World) whoami(t *testing.T, n *node) {
	t.Helper()
	for conf, want := range map[string]string{
		"admin.conf":              "kubernetes-admin [system:masters system:authenticated]",
		"kubelet.conf":            "system:node:" + n.name + " [system:nodes system:authenticated]",
		"kube-proxy.conf":         "system:kube-proxy [system:authenticated]",
		"controller-manager.conf": "system:kube-controller-manager [system:authenticated]",
		"scheduler.conf":          "system:kube-scheduler [system:authenticated]",
	} {
		out := w.env.Run(t.Context(), "kubectl", "--kubeconfig", n.path(conf), "auth", "whoami", "-o", "json")
		var review struct {
			Status struct {
				UserInfo struct {
					Username string   `json:"username"`
					Groups   []string `json:"groups"`
				} `json:"userInfo"`
			} `json:"status"`
		}
		err := json.Unmarshal([]byte(out.Stdout), &review)
		if got := fmt.Sprint(review.Status.UserInfo.Username, " ", review.Status.UserInfo.Groups); err != nil || got != want {
			t.Errorf("%s of %s: %q, %v %s", conf, n.name, got, err, out.Stderr)
		}
	}
}

// everySAN verifies the API server's certificate for all that it is for.
func (w *World) everySAN(t *testing.T, n *node) {
	t.Helper()
	id, err := n.load("kubelet.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		n.name, n.name + ".example.org", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "127.0.0.1", "192.0.2.10", "10.254.0.1",
	} {
		if err := handshake(t.Context(), n.port.Address(), id, name); err != nil {
			t.Errorf("the API server of %s as %s: %v", n.name, name, err)
		}
	}
	for _, name := range []string{n.name, n.name + ".example.org", "127.0.0.1", "192.0.2.10"} {
		address := fmt.Sprintf("127.0.0.1:%d", n.kubelet.port)
		if err := handshake(t.Context(), address, id, name); err != nil {
			t.Errorf("the kubelet of %s as %s: %v", n.name, name, err)
		}
	}
	if err := handshake(t.Context(), n.port.Address(), id, "evil.example.org"); err == nil {
		t.Error("the API server's certificate is for anybody")
	}
}

func handshake(ctx context.Context, address string, id identity, name string) error {
	dialer := tls.Dialer{Config: &tls.Config{
		RootCAs: id.roots, Certificates: []tls.Certificate{id.pair}, ServerName: name, MinVersion: tls.VersionTLS12,
	}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// controllers looks for what only the controller manager does: service
// accounts, and the CAs that it hands to pods. A token it vouches for is good.
func (w *World) controllers(t *testing.T, n *node) {
	t.Helper()
	eventually(t, "the controller manager of "+n.name, func() error {
		if _, err := get(t.Context(), n, "admin.conf", n, "/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
			return err
		}
		data, err := get(t.Context(), n, "admin.conf", n, "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
		if err != nil {
			return err
		}
		var config struct{ Data map[string]string }
		if err := json.Unmarshal(data, &config); err != nil {
			return err
		}
		if got := config.Data["ca.crt"]; strings.TrimSpace(got) != strings.TrimSpace(string(n.read(t, "pki/ca.crt"))) {
			return errors.New("it hands out other CAs than ca.crt")
		}
		return nil
	})
}

// etcdHealth asks etcd with its own client, by its own CA.
func (w *World) etcdHealth(t *testing.T, n *node) {
	t.Helper()
	pair, err := tls.X509KeyPair(n.read(t, "pki/etcd/healthcheck-client.crt"), n.read(t, "pki/etcd/healthcheck-client.key"))
	if err != nil {
		t.Fatal(err)
	}
	id := identity{roots: x509.NewCertPool(), pair: pair}
	id.roots.AppendCertsFromPEM(n.read(t, "pki/etcd/ca.crt"))
	u, err := url.Parse(n.running.EtcdURL())
	if err != nil || u.Scheme != "https" {
		t.Fatal(u, err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", n.name} {
		if err := handshake(t.Context(), u.Host, id, name); err != nil {
			t.Errorf("etcd of %s as %s: %v", n.name, name, err)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String()+"/health", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := id.client("").Do(request)
	if err != nil {
		t.Errorf("etcd of %s: %v", n.name, err)
		return
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("etcd of %s: %s", n.name, response.Status)
	}
}

// kubelets has an API server ask all kubelets, who know it by its certificate.
func (w *World) kubelets(t *testing.T, n *node) {
	t.Helper()
	for _, of := range w.nodes {
		eventually(t, n.name+" asks the kubelet of "+of.name, func() error { return podLog(t, n, of) })
		if got := of.kubelet.lastClient(); got != "CN=kube-apiserver-kubelet-client,O=system:masters" {
			t.Errorf("the kubelet of %s saw %q", of.name, got)
		}
	}
}

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
			w.kubectl(t, n)
			w.whoami(t, n)
			w.everySAN(t, n)
			w.controllers(t, n)
			w.etcdHealth(t, n)
			w.kubelets(t, n)
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
// new but the shared one, and that there is no other file than before.
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
		if same := bytes.Equal(data, before[path]); same != (name == "sa.key" || name == "sa.pub") {
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

// watcher asks all the time.
type watcher struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
	mu     sync.Mutex
	asked  int
	bad    []string
}

// watch has clients of each node ask servers of each, the kubelets' too, until
// it is stopped. That one is being restarted is no distrust.
func (w *World) watch(t *testing.T) *watcher {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	x := &watcher{cancel: cancel}
	for _, of := range w.nodes {
		for _, at := range w.nodes {
			x.done.Go(func() {
				for ctx.Err() == nil {
					_, err := get(ctx, of, "kubelet.conf", at, "/api/v1/nodes/"+of.name)
					x.note(of, at, "API server", err)
					if id, err := of.load("kubelet.conf"); err == nil {
						x.note(of, at, "kubelet", handshake(ctx, fmt.Sprintf("127.0.0.1:%d", at.kubelet.port), id, ""))
					}
					time.Sleep(20 * time.Millisecond)
				}
			})
		}
	}
	return x
}

func (x *watcher) note(of, at *node, what string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked++
	var verification *tls.CertificateVerificationError
	var refused *statusError
	var alert tls.AlertError
	var closed *net.OpError
	switch {
	case errors.As(err, &verification), errors.As(err, &refused) && refused.code == http.StatusUnauthorized,
		errors.As(err, &alert), errors.As(err, &closed) && strings.Contains(closed.Op, "remote error"):
		x.bad = append(x.bad, fmt.Sprintf("%s asks the %s of %s: %v", of.name, what, at.name, err))
	}
}

// stop says what went wrong.
func (x *watcher) stop(t *testing.T) {
	t.Helper()
	x.cancel()
	x.done.Wait()
	t.Logf("the nodes asked each other %d times", x.asked)
	for _, line := range x.bad[:min(len(x.bad), 5)] {
		t.Error(line)
	}
	if x.asked < 100 {
		t.Errorf("only %d questions", x.asked)
	}
}
