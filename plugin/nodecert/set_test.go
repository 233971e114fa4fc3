// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// The set, as kubeadm has it (cmd/kubeadm/app/phases/certs/certlist.go) but for
// kubelet's own and kube-proxy's.
func TestItems(t *testing.T) {
	t.Parallel()
	const (
		api  = " m0 m0.example.org kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local api.example.org 192.0.2.10 10.254.0.1"
		own  = " m0 m0.example.org 192.0.2.10"
		etcd = " m0 m0.example.org localhost 192.0.2.10 127.0.0.1 ::1"
	)
	for _, test := range []struct {
		node Node
		want []string
	}{
		{master(), []string{
			"pki/apiserver kubernetes kube-apiserver [] server" + api,
			"pki/apiserver-kubelet-client kubernetes kube-apiserver-kubelet-client [system:masters] client",
			"pki/apiserver-etcd-client etcd kube-apiserver-etcd-client [] client",
			"pki/front-proxy-client front-proxy front-proxy-client [] client",
			"pki/etcd/server etcd m0 [] server client" + etcd,
			"pki/etcd/peer etcd m0 [] server client" + etcd,
			"pki/etcd/healthcheck-client etcd kube-etcd-healthcheck-client [] client",
			"pki/kubelet kubernetes system:node:m0 [system:nodes] server" + own,
			"admin.conf kubernetes kubernetes-admin [system:masters] client",
			"controller-manager.conf kubernetes system:kube-controller-manager [] client",
			"scheduler.conf kubernetes system:kube-scheduler [] client",
			"kubelet.conf kubernetes system:node:m0 [system:nodes] client",
			"kube-proxy.conf kubernetes system:kube-proxy [] client",
		}},
		{worker(), []string{
			"pki/kubelet kubernetes system:node:w0 [system:nodes] server w0 192.0.2.20",
			"kubelet.conf kubernetes system:node:w0 [system:nodes] client",
			"kube-proxy.conf kubernetes system:kube-proxy [] client",
		}},
	} {
		var got []string
		for _, i := range test.node.items() {
			line := fmt.Sprintf("%s %s %s %v", i.path, i.ca, i.leaf.CommonName, i.leaf.Organizations)
			if i.leaf.Server {
				line += " server"
			}
			if i.leaf.Client {
				line += " client"
			}
			got = append(got, strings.TrimSuffix(line+" "+strings.Join(hosts(i.leaf), " "), " "))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(diff)
		}
	}
	if got := worker().CATypes(); len(got) != 1 || got[0] != magnum.Kubernetes {
		t.Errorf("a worker has %v", got)
	}
}

// The hosts of the API server, beside its node's own.
func TestAPIServerHosts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		server   string
		services []string
		want     []string
	}{
		{"https://192.0.2.1:6443", []string{"10.96.0.0/12"}, []string{"192.0.2.1", "10.96.0.1"}},
		{"https://[2001:db8::1]:6443", []string{"fd00:1::/112", "10.254.7.9/16"}, []string{"2001:db8::1", "fd00:1::1", "10.254.0.1"}},
		{"https://API.example.org", nil, []string{"api.example.org"}},
		{"https://192.0.2.10:6443", nil, []string{"192.0.2.10"}},
	} {
		n := master()
		n.Server, n.Services = test.server, nil
		for _, text := range test.services {
			n.Services = append(n.Services, netip.MustParsePrefix(text))
		}
		if err := n.Check(); err != nil {
			t.Errorf("%s: %v", test.server, err)
		}
		have := hosts(n.apiServer())
		for _, want := range test.want {
			found := 0
			for _, host := range have {
				if host == want {
					found++
				}
			}
			if found != 1 {
				t.Errorf("%s: %d times %s in %q", test.server, found, want, have)
			}
		}
	}
}

func TestNodeCheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit func(*Node)
		flag string // "" = accepted
	}{
		"as it is":              {func(*Node) {}, ""},
		"a long name":           {func(n *Node) { n.Name = strings.Repeat("a", 52) }, ""},
		"a name too long":       {func(n *Node) { n.Name = strings.Repeat("a", 53) }, "--node-name"},
		"dots":                  {func(n *Node) { n.Name = "m0.prod.example.org" }, ""},
		"no name":               {func(n *Node) { n.Name = "" }, "--node-name"},
		"upper case":            {func(n *Node) { n.Name = "M0" }, "--node-name"},
		"a path":                {func(n *Node) { n.Name = "../m0" }, "--node-name"},
		"a wildcard":            {func(n *Node) { n.Name = "*.m0" }, "--node-name"},
		"a line break":          {func(n *Node) { n.Name = "m0\n" }, "--node-name"},
		"a wildcard name":       {func(n *Node) { n.DNSNames = []string{"*.example.org"} }, ""},
		"a name with a space":   {func(n *Node) { n.DNSNames = []string{"a b"} }, "--san"},
		"an empty name":         {func(n *Node) { n.DNSNames = []string{""} }, "--san"},
		"an address with zone":  {func(n *Node) { n.IPs = []netip.Addr{netip.MustParseAddr("fe80::1%eth0")} }, "--ip"},
		"any address":           {func(n *Node) { n.IPs = []netip.Addr{netip.MustParseAddr("0.0.0.0")} }, "--ip"},
		"no address":            {func(n *Node) { n.IPs = nil }, ""},
		"multicast":             {func(n *Node) { n.IPs = []netip.Addr{netip.MustParseAddr("224.0.0.1")} }, "--ip"},
		"one service":           {func(n *Node) { n.Services = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")} }, "--service-cidr"},
		"http":                  {func(n *Node) { n.Server = "http://192.0.2.1:6443" }, "--server"},
		"no server":             {func(n *Node) { n.Server = "" }, "--server"},
		"a server with a user":  {func(n *Node) { n.Server = "https://u:p@192.0.2.1:6443" }, "--server"},
		"a server with a query": {func(n *Node) { n.Server = "https://192.0.2.1:6443?x=y" }, "--server"},
		"a server with a path":  {func(n *Node) { n.Server = "https://192.0.2.1:6443/x" }, "--server"},
		"an empty query":        {func(n *Node) { n.Server = "https://192.0.2.1:6443?" }, "--server"},
		"an empty fragment":     {func(n *Node) { n.Server = "https://192.0.2.1:6443#" }, "--server"},
		"an empty port":         {func(n *Node) { n.Server = "https://192.0.2.1:" }, "--server"},
		"port 0":                {func(n *Node) { n.Server = "https://192.0.2.1:0" }, "--server"},
		"port 65536":            {func(n *Node) { n.Server = "https://192.0.2.1:65536" }, "--server"},
		"no host":               {func(n *Node) { n.Server = "https://:6443" }, "--server"},
		"any server":            {func(n *Node) { n.Server = "https://0.0.0.0:6443" }, "--server"},
		"a group's address":     {func(n *Node) { n.Server = "https://[ff02::1]:6443" }, "--server"},
		"a server that is odd":  {func(n *Node) { n.Server = "https://a_b\u202e:6443" }, "--server"},
		"a server with a zone":  {func(n *Node) { n.Server = "https://[fe80::1%25eth0]:6443" }, "--server"},
	} {
		n := master()
		test.edit(&n)
		err := n.Check()
		refused, ok := errors.AsType[*NodeError](err)
		if ok != (test.flag != "") || ok && refused.Flag != test.flag || err != nil && !ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
	n := master()
	if n.Server = ""; n.CheckNames() != nil {
		t.Error("names without a server")
	}
	if _, err := ParseRole("master"); err == nil {
		t.Error("a role that is none")
	}
}

func TestParseServiceAccountKey(t *testing.T) {
	t.Parallel()
	good := newServiceAccountKey(t)
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"RSA":            {string(good), true},
		"space around":   {"\n" + string(good) + "\n\n", true},
		"ECDSA, PKCS #8": {string(contentsOfKey(t)), true},
		"none":           {"", false},
		"text before":    {"x\n" + string(good), false},
		"two":            {string(good) + string(good), false},
		"a certificate":  {strings.ReplaceAll(string(good), "RSA PRIVATE KEY", "CERTIFICATE"), false},
		"cut short":      {string(good[:len(good)/2]), false},
		"junk":           {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", false},
	} {
		if _, err := ParseServiceAccountKey([]byte(test.text)); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// hosts are those of a leaf, names first.
func hosts(leaf pki.Leaf) []string {
	all := slices.Clone(leaf.DNSNames)
	for _, ip := range leaf.IPs {
		all = append(all, ip.String())
	}
	return all
}
