// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

func TestClientRequest(t *testing.T) {
	t.Parallel()
	key, err := pki.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := pki.ClientRequest(key, pki.Subject{CommonName: "alice", Organizations: []string{"viewers", "team"}})
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := request.CheckSignature(); err != nil {
		t.Error(err)
	}
	if !key.PublicKey.Equal(request.PublicKey) || request.Subject.CommonName != "alice" {
		t.Errorf("request is for %v", request.Subject)
	}
	// Magnum chokes on anything critical and on a subject key identifier.
	var got []string
	for _, e := range request.Extensions {
		if e.Critical {
			t.Errorf("extension %v is critical", e.Id)
		}
		got = append(got, e.Id.String())
	}
	if diff := cmp.Diff([]string{"2.5.29.15", "2.5.29.37"}, got); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}
}
