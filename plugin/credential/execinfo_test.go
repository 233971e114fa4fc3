// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

const v1, v1beta1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"

func TestParseExecInfo(t *testing.T) {
	t.Parallel()
	for _, version := range []string{v1, v1beta1} {
		info, err := credential.ParseExecInfo(`{"kind":"ExecCredential","apiVersion":"` + version + `",
			"spec":{"interactive":false,"cluster":{"server":"https://192.0.2.1:6443","certificate-authority-data":"eA==","config":{"x":1}}}}`)
		if err != nil {
			t.Fatal(err)
		}
		if info.APIVersion != version || info.Cluster.Server != "https://192.0.2.1:6443" || string(info.Cluster.CertificateAuthorityData) != "x" {
			t.Errorf("got %+v", info)
		}
	}
	if _, err := credential.ParseExecInfo(""); !errors.Is(err, credential.ErrNoExecInfo) {
		t.Errorf("nothing set: got %v", err)
	}
	for _, bad := range []string{
		"x", "{}", "[]", `{"kind":"ExecCredential"}`,
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}`,
		`{"kind":"Pod","apiVersion":"` + v1 + `"}`,
	} {
		if _, err := credential.ParseExecInfo(bad); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}

func TestAnswer(t *testing.T) {
	t.Parallel()
	f := newFixture(t, nil)
	expiry := now.Add(time.Hour)
	data, err := credential.ExecInfo{APIVersion: v1beta1}.Answer(f.rec, expiry)
	if err != nil {
		t.Fatal(err)
	}
	var got clientauthv1.ExecCredential
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if got.APIVersion != v1beta1 || got.Kind != "ExecCredential" || !got.Status.ExpirationTimestamp.Equal(&metav1.Time{Time: expiry}) {
		t.Errorf("got %s %s until %v", got.APIVersion, got.Kind, got.Status.ExpirationTimestamp)
	}
	pair, err := tls.X509KeyPair([]byte(got.Status.ClientCertificateData), []byte(got.Status.ClientKeyData))
	if err != nil {
		t.Fatalf("kubectl could not use the answer: %v", err)
	}
	if !pair.Leaf.Equal(f.rec.Certificate) {
		t.Error("another certificate")
	}
}

func FuzzParseExecInfo(f *testing.F) {
	f.Add(`{"kind":"ExecCredential","apiVersion":"` + v1 + `","spec":{"cluster":{"server":"https://x"}}}`)
	f.Add(`{"spec":null}`)
	f.Fuzz(func(t *testing.T, value string) {
		info, err := credential.ParseExecInfo(value)
		if err == nil && info.APIVersion != v1 && info.APIVersion != v1beta1 {
			t.Errorf("accepted version %q", info.APIVersion)
		}
	})
}
