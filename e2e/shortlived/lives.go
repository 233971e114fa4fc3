// SPDX-License-Identifier: Apache-2.0

package shortlived

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

// Lives sees a user work for 25 minutes with certificates of ten, while OpenStack
// is down, and a copy of the first of them die.
func Lives(t *testing.T, o rotation.OpenStack, p Programs) {
	const works = 25 * time.Minute
	w := New(t, o, p, true)
	w.begins()
	copied, first, ca := w.Given(), w.Certificate(), o.CurrentCA(t)
	if got := w.shows(copied, ca); got != http.StatusOK {
		t.Fatalf("the copy is answered by %d at once", got)
	}
	w.o.Down(t)
	certificates := map[string]bool{}
	asked := len(w.Asked())
	for end := time.Now().Add(works); time.Now().Before(end); time.Sleep(20 * time.Second) {
		if out := w.kubectl("get", "ns"); out.Stderr != "" {
			t.Errorf("kubectl says: %s", out.Stderr)
		}
		cert := w.Certificate()
		certificates[cert.SerialNumber.String()] = true
		if left := time.Until(cert.NotAfter); left > life {
			t.Errorf("it lives for another %s", left)
		}
	}
	renewals := len(certificates) - 1
	if renewals < 2 {
		t.Errorf("%d renewals", renewals)
	}
	if left := time.Until(first.NotAfter); left > 0 {
		t.Fatalf("the copy lives for another %s", left)
	}
	if got := w.shows(copied, ca); got != http.StatusUnauthorized {
		t.Errorf("the copy is answered by %d after its end", got)
	}
	signing := 0
	for _, request := range w.Asked()[asked:] {
		if strings.Contains(request, "/certificatesigningrequests") {
			signing++
		}
	}
	if signing > (mostToRenew-1)*renewals { // one more shows whether the API server takes the old one
		t.Errorf("%d requests for %d renewals", signing, renewals)
	}
	t.Logf("%d renewals in %s", renewals, works)
}

// shows is the API server's answer to a copied pair.
func (w *World) shows(copied env.Credential, ca cluster.CA) int {
	w.t.Helper()
	pair, err := tls.X509KeyPair([]byte(copied.ClientCertificateData), []byte(copied.ClientKeyData))
	if err != nil {
		w.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.Certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.api.Server()+"/api/v1/namespaces", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}
