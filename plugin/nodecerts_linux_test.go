// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// nodeRequest is of the i-th node, every tenth of which is a control plane.
func nodeRequest(t *testing.T, i int) plugin.NodeCertsRequest {
	t.Helper()
	n := nodecert.Node{
		Name: fmt.Sprintf("n%d", i), Role: nodecert.Worker, IPs: []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(i)})},
		Services: []netip.Prefix{netip.MustParsePrefix("10.254.0.0/16")},
	}
	if i%10 == 0 {
		n.Role = nodecert.ControlPlane
	}
	root := filepath.Join(t.TempDir(), "root")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	r := plugin.NodeCertsRequest{Cluster: "prod", Node: n, Root: root}
	if n.Role == nodecert.ControlPlane {
		r.ServiceAccountKey = testSAKey()
	}
	return r
}

var testSAKey = sync.OnceValue(func() []byte {
	key, err := pki.NewKey()
	if err != nil {
		panic(err)
	}
	text, err := pki.MarshalKey(key)
	if err != nil {
		panic(err)
	}
	return text
})

// logins is how many tokens Keystone gave.
func logins(s *magnumtest.Server) int {
	n := 0
	for _, r := range s.Requests() {
		if r.Path == "/v3/auth/tokens" && r.Status == http.StatusCreated {
			n++
		}
	}
	return n
}

// Fifty nodes at once, while a tenth of all requests fail in some way, all end
// right, with one token each.
func TestFiftyNodesAtOnce(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	var asked, failed atomic.Int64
	cloud.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		n := asked.Add(1)
		if n%10 != 0 {
			return false
		}
		failed.Add(1)
		switch n / 10 % 3 {
		case 0:
			w.WriteHeader(http.StatusTooManyRequests)
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = conn.Close()
			}
		}
		return true
	})
	const nodes = 50
	var requests [nodes]plugin.NodeCertsRequest
	for i := range requests {
		requests[i] = nodeRequest(t, i)
	}
	began := time.Now()
	var all sync.WaitGroup
	for _, r := range requests {
		all.Go(func() {
			result, err := p.NodeCerts(t.Context(), r)
			if want := map[nodecert.Role]int{nodecert.Worker: 3, nodecert.ControlPlane: 13}[r.Node.Role]; err != nil || result.Signed != want {
				t.Errorf("%s: %+v, %v", r.Node.Name, result, err)
			}
		})
	}
	all.Wait()
	cloud.Intercept(nil)
	t.Logf("%d requests, %d of them failed, in %s", asked.Load(), failed.Load(), time.Since(began).Round(time.Millisecond))
	if got := logins(cloud); got != nodes {
		t.Errorf("%d tokens for %d nodes", got, nodes)
	}
	for _, r := range requests {
		checkNode(t, p, r)
	}
	if failed.Load() < 20 {
		t.Error("hardly anything failed, so this proves nothing")
	}
}

// What is gone by itself is asked for again; what is not, is not.
func TestNodeCertsAskAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		path   string
		status int
		after  string
		want   int // requests to path
		good   bool
	}{
		{"no token", "/v3/auth/tokens", 503, "", 2, true},
		{"no cluster", "/v1/clusters/prod", 502, "", 2, true},
		{"no CA", "/v1/certificates/", 500, "", 2, true},
		{"no signature", "/v1/certificates", 500, "", 4, true},
		{"a wrong password", "/v3/auth/tokens", 401, "", 1, false},
		{"away for hours", "/v1/clusters/prod", 503, "7200", 1, false},
		{"forbidden", "/v1/certificates", 403, "", 1, false},
	} {
		p, cloud := newPlugin(t, magnumtest.Options{})
		var once atomic.Bool
		cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, test.path) || test.path == "/v1/certificates" && r.Method != http.MethodPost || once.Swap(true) {
				return false
			}
			w.Header().Set("Retry-After", test.after)
			w.WriteHeader(test.status)
			return true
		})
		r := nodeRequest(t, 1)
		if _, err := p.NodeCerts(t.Context(), r); (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
		got := 0
		for _, q := range cloud.Requests() {
			if q.Path == test.path || strings.HasSuffix(test.path, "/") && strings.HasPrefix(q.Path, test.path) {
				got++
			}
		}
		if got != test.want {
			t.Errorf("%s: asked %d times", test.name, got)
		}
	}
}

// Whoever interrupts it does not wait for the end of a pause.
func TestNodeCertsInterrupted(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cloud.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		cancel()
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	began := time.Now()
	if _, err := p.NodeCerts(ctx, nodeRequest(t, 1)); err == nil || time.Since(began) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// Whatever is asked for again, there is an end to all of it.
func TestNodeCertsTimeout(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	cloud.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	r := nodeRequest(t, 1)
	r.Timeout = 2 * time.Second
	began := time.Now()
	var busy *openstack.ServiceError
	if _, err := p.NodeCerts(t.Context(), r); !errors.As(err, &busy) || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// If Magnum rotates in the middle, the node gets certificates of one CA.
func TestNodeCertsRotatedMeanwhile(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	signed := 0
	cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/certificates" {
			if signed++; signed == 5 {
				cloud.Rotate("prod")
			}
		}
		return false
	})
	r := nodeRequest(t, 0)
	if _, err := p.NodeCerts(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	checkNode(t, p, r)
	if got := logins(cloud); got != 2 { // one for checkNode
		t.Errorf("%d tokens", got)
	}
}

// A signer that is no CA of the cluster's is not believed, however often.
func TestNodeCertsRefuseAnotherCA(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	cloud.SignWith(anotherCA(t))
	r := nodeRequest(t, 1)
	_, err := p.NodeCerts(t.Context(), r)
	var refused *plugin.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, pki.ErrOtherCA) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(filepath.Join(r.Root, "etc/kubernetes/pki")); err == nil {
		t.Error("something was installed")
	}
}

// A disk that cannot be written is known before anything is signed.
func TestNodeCertsSignNothingInVain(t *testing.T) {
	t.Parallel()
	p, cloud := newPlugin(t, magnumtest.Options{})
	r := nodeRequest(t, 1)
	r.Root = filepath.Join(r.Root, "missing")
	if _, err := p.NodeCerts(t.Context(), r); err == nil || len(cloud.Requests()) > 0 {
		t.Errorf("%v after %d requests", err, len(cloud.Requests()))
	}
}

func anotherCA(t *testing.T) magnumtest.SignFunc {
	t.Helper()
	stranger := pkitest.NewCA(t, "prod", time.Now())
	return func(csr *x509.CertificateRequest, _ *x509.Certificate, _ crypto.Signer) []byte {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: csr.Subject, DNSNames: csr.DNSNames, IPAddresses: csr.IPAddresses,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
		for _, e := range csr.Extensions {
			if e.Id.String() == "2.5.29.37" {
				template.ExtraExtensions = append(template.ExtraExtensions, e)
			}
		}
		der, err := x509.CreateCertificate(rand.Reader, template, stranger.Certificate, csr.PublicKey, stranger.Key)
		if err != nil {
			panic(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
}
