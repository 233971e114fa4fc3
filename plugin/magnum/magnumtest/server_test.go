// SPDX-License-Identifier: Apache-2.0

package magnumtest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

func start(t *testing.T, o magnumtest.Options) *magnumtest.Server {
	t.Helper()
	s := magnumtest.New(o)
	t.Cleanup(s.Close)
	return s
}

// ask asks Magnum and returns the status, the body and the header.
func ask(t *testing.T, s *magnumtest.Server, method, path, token string, body any) (int, string, http.Header) {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	if body == nil {
		data = nil
	}
	req, err := http.NewRequestWithContext(t.Context(), method, s.MagnumURL()+path, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func newCSR(t *testing.T, cn string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: cn, Organization: []string{"system:masters"}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func field(t *testing.T, body, name string) string {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	text, _ := fields[name].(string)
	return text
}

func parseCertificate(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no PEM in %q", text)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSignedCertificateVerifiesUnderTheCA(t *testing.T) {
	for _, version := range []int{15, 23} {
		s := start(t, magnumtest.Options{Version: version})
		token := s.Token("alice", "demo")
		_, body, _ := ask(t, s, "GET", "/certificates/prod", token, nil)
		ca := parseCertificate(t, field(t, body, "pem"))
		status, body, _ := ask(t, s, "POST", "/certificates", token,
			map[string]string{"cluster_uuid": "prod", "csr": newCSR(t, "alice")})
		if status != http.StatusCreated {
			t.Fatalf("sign: %d %s", status, body)
		}
		cert := parseCertificate(t, field(t, body, "pem"))
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		if _, err := cert.Verify(x509.VerifyOptions{
			Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		}); err != nil {
			t.Error(err)
		}
		if got := cert.Subject.String(); got != "CN=alice,O=system:masters" {
			t.Errorf("subject %q", got)
		}
		if hasID := len(cert.SubjectKeyId) > 0; hasID != (version == 23) {
			t.Errorf("Magnum %d: subjectKeyIdentifier: %v", version, hasID)
		}
		if life := cert.NotAfter.Sub(cert.NotBefore); life != 1826*24*time.Hour {
			t.Errorf("good for %v", life)
		}
		certPEM, keyPEM := s.CA("prod")
		if !parseCertificate(t, string(certPEM)).Equal(ca) {
			t.Error("CA is not what Magnum answers")
		}
		block, _ := pem.Decode(keyPEM)
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if signer, ok := key.(crypto.Signer); !ok || !ca.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(signer.Public()) {
			t.Error("the key is not the CA's")
		}
	}
}

func TestEveryCAOfAClusterIsItsOwn(t *testing.T) {
	s := start(t, magnumtest.Options{})
	token := s.Token("alice", "demo")
	seen := map[string]string{}
	for _, ident := range append(s.ClusterUUIDs("twin"), "prod") {
		for _, kind := range []string{"kubernetes", "etcd", "front-proxy"} {
			_, body, _ := ask(t, s, "GET", "/certificates/"+ident+"?ca_cert_type="+kind, token, nil)
			key := string(parseCertificate(t, field(t, body, "pem")).RawSubjectPublicKeyInfo)
			if other := seen[key]; other != "" {
				t.Errorf("%s %s has the key of %s", ident, kind, other)
			}
			seen[key] = ident + " " + kind
		}
	}
}

func TestTokensEnd(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	s := start(t, magnumtest.Options{Now: func() time.Time { return now }, TokenLife: time.Minute})
	status := func(token string) int {
		code, _, _ := ask(t, s, "GET", "/clusters/prod", token, nil)
		return code
	}
	revoked, changed, expired := s.Token("alice", "demo"), s.Token("bob", "demo"), s.Token("alice", "demo")
	for _, token := range []string{revoked, changed, expired} {
		if got := status(token); got != http.StatusOK {
			t.Fatalf("a good token got %d", got)
		}
	}
	s.RevokeToken(revoked)
	s.SetPassword("bob", "new")
	for _, token := range []string{revoked, changed, "garbage", ""} {
		if got := status(token); got != http.StatusUnauthorized {
			t.Errorf("an ended token got %d", got)
		}
	}
	now = now.Add(time.Minute - time.Second)
	if got := status(expired); got != http.StatusOK {
		t.Errorf("a token in its last second got %d", got)
	}
	now = now.Add(time.Second)
	if got := status(expired); got != http.StatusUnauthorized {
		t.Errorf("an expired token got %d", got)
	}
}

func TestRotation(t *testing.T) {
	s := start(t, magnumtest.Options{RotateAfter: -1})
	token := s.Token("alice", "demo")
	before, _ := s.CA("prod")
	var hooked []string
	s.OnRotate(func(uuid string) { hooked = append(hooked, uuid) })
	s.Rotate("prod")
	if after, _ := s.CA("prod"); bytes.Equal(before, after) {
		t.Error("the CA is the old one")
	}
	clusterStatus := func() string {
		_, body, _ := ask(t, s, "GET", "/clusters/prod", token, nil)
		return field(t, body, "status")
	}
	if got := clusterStatus(); got != "UPDATE_IN_PROGRESS" {
		t.Errorf("status %s", got)
	}
	s.FinishRotation("prod")
	if got := clusterStatus(); got != "UPDATE_COMPLETE" {
		t.Errorf("status %s", got)
	}
	if diff := cmp.Diff([]string{s.ClusterUUID("prod")}, hooked); diff != "" {
		t.Error(diff)
	}
}

func TestInterceptAndAccessLog(t *testing.T) {
	s := start(t, magnumtest.Options{})
	token := s.Token("alice", "demo")
	s.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	})
	ask(t, s, "GET", "/clusters/prod?x=1", token, nil)
	ask(t, s, "POST", "/certificates", token, nil)
	want := []magnumtest.Request{
		{Service: "magnum", Method: "GET", Path: "/v1/clusters/prod", Query: "x=1", Status: 400},
		{Service: "magnum", Method: "POST", Path: "/v1/certificates", Status: 503},
	}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Error(diff)
	}
	s.ResetRequests()
	if got := s.Requests(); len(got) != 0 {
		t.Errorf("after a reset: %v", got)
	}
}

func TestSignWith(t *testing.T) {
	s := start(t, magnumtest.Options{})
	s.SignWith(func(csr *x509.CertificateRequest, ca *x509.Certificate, _ crypto.Signer) []byte {
		other, _ := s.CA("dev") // a function that asks the server does not lock it up
		return append(other, csr.Subject.CommonName+" "+ca.Subject.CommonName...)
	})
	_, body, _ := ask(t, s, "POST", "/certificates", s.Token("alice", "demo"),
		map[string]string{"cluster_uuid": "prod", "csr": newCSR(t, "alice")})
	if got := field(t, body, "pem"); !strings.HasSuffix(got, "alice prod") {
		t.Errorf("pem %q", got)
	}
}

func TestCloseKeystoneLeavesMagnum(t *testing.T) {
	s := start(t, magnumtest.Options{})
	s.CloseKeystone()
	if status, _, _ := ask(t, s, "GET", "/clusters/prod", s.Token("alice", "demo"), nil); status != http.StatusOK {
		t.Errorf("Magnum answers %d", status)
	}
	resp, err := http.Get(s.KeystoneURL())
	if err == nil {
		_ = resp.Body.Close()
		t.Error("Keystone answers")
	}
}
