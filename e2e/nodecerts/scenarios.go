// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
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
		w.works(t, n)
	}
}

// works looks at each promise about a node that is running.
func (w *World) works(t *testing.T, n *node) {
	t.Helper()
	w.kubectl(t, n)
	w.whoami(t, n)
	w.everySAN(t, n)
	w.controllers(t, n)
	w.etcdHealth(t, n)
	w.kubelets(t, n)
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
