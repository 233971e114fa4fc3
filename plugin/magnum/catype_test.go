// SPDX-License-Identifier: Apache-2.0

package magnum_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// TestCATypes: three CAs, and each signs with its own key.
func TestCATypes(t *testing.T) {
	for _, version := range []int{15, 23} {
		s := start(t, magnumtest.Options{Version: version})
		client := login(t, s, "alice")
		csr, _ := newCSR(t)
		cas := map[magnum.CAType]*x509.Certificate{}
		types := []magnum.CAType{magnum.Kubernetes, magnum.Etcd, magnum.FrontProxy}
		for _, which := range types {
			ca, err := client.CA(t.Context(), "prod", which)
			if err != nil {
				t.Fatal(err)
			}
			cas[which] = ca
		}
		for _, which := range types {
			signed, err := client.Sign(t.Context(), "prod", which, csr)
			if err != nil {
				t.Fatal(err)
			}
			block, _ := pem.Decode(signed.PEM)
			leaf, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			for _, of := range types {
				if err := leaf.CheckSignatureFrom(cas[of]); (err == nil) != (of == which) {
					t.Errorf("Magnum %d: of %s, with the CA of %s: %v", version, which, of, err)
				}
			}
		}
		wantRequests(t, s, "GET /v1/certificates/prod", "GET /v1/certificates/prod?ca_cert_type=etcd",
			"GET /v1/certificates/prod?ca_cert_type=front-proxy",
			"POST /v1/certificates", "POST /v1/certificates", "POST /v1/certificates")
	}
}

// TestSignBody: for Kubernetes the body is what every Magnum takes.
func TestSignBody(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	for which, want := range map[magnum.CAType]map[string]string{
		magnum.Kubernetes: {"cluster_uuid": "prod", "csr": "x"},
		magnum.FrontProxy: {"cluster_uuid": "prod", "csr": "x", "ca_cert_type": "front-proxy"},
	} {
		var got map[string]string
		s.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"pem": ""}`)
			return true
		})
		if _, err := client.Sign(t.Context(), "prod", which, []byte("x")); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: body differs (-want +got):\n%s", which, diff)
		}
	}
}

// TestNoSuchCA: what is missing is named.
func TestNoSuchCA(t *testing.T) {
	s := start(t, magnumtest.Options{})
	client := login(t, s, "alice")
	csr, _ := newCSR(t)
	want := &magnum.NoCertificatesError{Cluster: "failed", Type: magnum.Etcd}
	_, errCA := client.CA(t.Context(), "failed", magnum.Etcd)
	_, errSign := client.Sign(t.Context(), "failed", magnum.Etcd, csr)
	for _, err := range []error{errCA, errSign} {
		if diff := cmp.Diff(error(want), err); diff != "" || err.Error() != `cluster "failed" has no CA of type etcd` {
			t.Errorf("%v: %s", err, diff)
		}
	}
}

func TestParseCAType(t *testing.T) {
	for text, want := range map[string]magnum.CAType{
		"kubernetes": magnum.Kubernetes, "etcd": magnum.Etcd, "front-proxy": magnum.FrontProxy,
		"front_proxy": "", "Etcd": "", "": "", "kubelet": "", "etcd\n": "",
	} {
		got, err := magnum.ParseCAType(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
}
