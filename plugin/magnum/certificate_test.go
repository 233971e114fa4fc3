// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

func TestCAAndSign(t *testing.T) {
	now := time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)
	s := start(t, magnumtest.Options{Now: func() time.Time { return now }})
	client := login(t, s, "alice")
	uuid := s.ClusterUUID("prod")
	ca, err := client.CA(t.Context(), uuid, magnum.Kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := s.CA("prod"); !strings.Contains(string(want), strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})))) {
		t.Error("another CA")
	}
	csr, key := newCSR(t)
	signed, err := client.Sign(t.Context(), uuid, magnum.Kubernetes, csr)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(signed.PEM)
	if block == nil {
		t.Fatalf("signed %q", signed.PEM)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := leaf.CheckSignatureFrom(ca); err != nil || !key.PublicKey.Equal(leaf.PublicKey) {
		t.Errorf("another certificate: %v", err)
	}
	if !signed.Date.Equal(now) {
		t.Errorf("the answer's date is %v, want %v", signed.Date, now)
	}
	wantRequests(t, s, "GET /v1/certificates/"+uuid, "POST /v1/certificates")
}

// TestPEMAsAnswered: what Magnum signed is for others to judge.
func TestPEMAsAnswered(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	s.SignWith(func(*x509.CertificateRequest, *x509.Certificate, crypto.Signer) []byte { return []byte("what?\n") })
	csr, _ := newCSR(t)
	if signed, err := client.Sign(t.Context(), "prod", magnum.Kubernetes, csr); err != nil || string(signed.PEM) != "what?\n" {
		t.Errorf("%q, %v", signed.PEM, err)
	}
}

// TestRefused: who may not, and what is not there.
func TestRefused(t *testing.T) {
	s := start(t, magnumtest.Options{})
	prod, failed := s.ClusterUUID("prod"), s.ClusterUUID("failed")
	csr, _ := newCSR(t)
	for _, test := range []struct {
		cloud, cluster string
		ca, sign       error
	}{
		{"bob", prod, &magnum.ForbiddenError{Operation: magnum.OpCA, Cluster: prod}, &magnum.ForbiddenError{Operation: magnum.OpSign, Cluster: prod}},
		{"reader", prod, &magnum.ForbiddenError{Operation: magnum.OpCA, Cluster: prod}, &magnum.ForbiddenError{Operation: magnum.OpSign, Cluster: prod}},
		{"admin", prod, &magnum.NotFoundError{Cluster: prod}, &magnum.NotFoundError{Cluster: prod}},
		{"alice", failed, &magnum.NoCertificatesError{Cluster: failed, Type: magnum.Kubernetes}, &magnum.NoCertificatesError{Cluster: failed, Type: magnum.Kubernetes}},
		{"alice", "twin", &magnum.AmbiguousError{Name: "twin"}, &magnum.AmbiguousError{Name: "twin"}},
		{"admin-demo", prod, nil, nil},
		{"alice-appcred-limited", prod, nil, nil},
	} {
		client := login(t, s, test.cloud)
		_, err := client.CA(t.Context(), test.cluster, magnum.Kubernetes)
		if diff := cmp.Diff(test.ca, err); diff != "" {
			t.Errorf("%s, CA: %s", test.cloud, diff)
		}
		_, err = client.Sign(t.Context(), test.cluster, magnum.Kubernetes, csr)
		if diff := cmp.Diff(test.sign, err); diff != "" {
			t.Errorf("%s, sign: %s", test.cloud, diff)
		}
		wantRequests(t, s, "GET /v1/certificates/"+test.cluster, "POST /v1/certificates")
	}
}

func TestRevokedToken(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	s.RevokeTokens("alice")
	_, err := client.CA(t.Context(), "prod", magnum.Kubernetes)
	want := &openstack.AuthError{Service: "Magnum", Detail: "The request you have made requires authentication."}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
}

func TestBadCSR(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	_, err := client.Sign(t.Context(), "prod", magnum.Kubernetes, []byte("garbage"))
	got, ok := errors.AsType[*openstack.ServiceError](err)
	if !ok || got.Code != 400 || got.Detail != "Received invalid csr b'garbage'." || got.Method != "POST" || got.RequestID == "" {
		t.Errorf("the error is %#v", err)
	}
}

// TestBadCA: anything but one CA certificate is refused.
func TestBadCA(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	csr, _ := newCSR(t)
	leaf, err := client.Sign(t.Context(), "prod", magnum.Kubernetes, csr)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := s.CA("prod")
	ca := strings.TrimSpace(string(good))
	for name, test := range map[string]struct{ pem, reason string }{
		"nothing":        {"", "has no PEM certificate"},
		"text before":    {"x\n" + ca, "has no PEM certificate"},
		"text after":     {ca + "\nx", "has something else than one PEM certificate"},
		"two":            {ca + "\n" + ca, "has something else than one PEM certificate"},
		"a CSR":          {string(csr), "has something else than one PEM certificate"},
		"headers":        {strings.Replace(ca, "-----\n", "-----\nA: b\n\n", 1), "has something else than one PEM certificate"},
		"junk":           {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "has a certificate that cannot be parsed"},
		"no CA":          {string(leaf.PEM), "has a certificate that is not a CA's"},
		"space around":   {"\n" + ca + " \r\n\n", ""},
		"as Magnum's is": {ca, ""},
	} {
		s.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, `{"pem": "`+strings.NewReplacer("\n", `\n`, "\r", `\r`).Replace(test.pem)+`"}`)
			return true
		})
		_, err := client.CA(t.Context(), "prod", magnum.Kubernetes)
		got, ok := errors.AsType[*openstack.BadAnswerError](err)
		if ok && got.Reason != test.reason || !ok && (err != nil || test.reason != "") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestTroubleWithMagnum: errors that are not about a cluster.
func TestTroubleWithMagnum(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	csr, _ := newCSR(t)
	answer := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", "http://elsewhere.invalid/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"an error", 500, `{"errors": [{"detail": "No reply on topic magnum-conductor"}]}`, "Magnum answered 500 Internal Server Error to POST " + s.MagnumURL() + "/certificates: No reply on topic magnum-conductor"},
		{"a 404 of a proxy is no missing cluster", 404, "<title>404 Not Found</title>", "Magnum answered 404 Not Found to POST " + s.MagnumURL() + "/certificates: 404 Not Found"},
		{"a page", 201, "<title>hello</title>", "the answer of Magnum at " + s.MagnumURL() + "/certificates is not JSON but a page: hello"},
		{"a redirect", 307, "", "the answer of Magnum at " + s.MagnumURL() + `/certificates is a redirect to "http://elsewhere.invalid"`},
		{"the wrong status", 200, "{}", "the answer of Magnum at " + s.MagnumURL() + "/certificates has the status 200"},
	} {
		s.Intercept(answer(test.status, test.body))
		s.ResetRequests()
		_, err := client.Sign(t.Context(), "prod", magnum.Kubernetes, csr)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: the error is %v", test.name, err)
		}
		wantRequests(t, s, "POST /v1/certificates")
	}
	s.CloseMagnum()
	_, err := client.CA(t.Context(), "prod", magnum.Kubernetes)
	if got, ok := errors.AsType[*openstack.UnreachableError](err); !ok || got.Service != "Magnum" {
		t.Errorf("down: the error is %v", err)
	}
}
