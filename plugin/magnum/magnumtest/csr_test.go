// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// FuzzWhatIsSigned signs anything that a client could send: it is a fault, or
// a certificate of the CA that is no CA itself.
func FuzzWhatIsSigned(f *testing.F) {
	s := New(Options{})
	defer s.Close()
	ca := s.theCluster("prod").authorities.of("kubernetes")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range []pkix.Extension{
		{Id: oidBasicConstraints, Value: mustMarshal(basicConstraints{CA: true, PathLength: 3})},
		{Id: oidBasicConstraints, Critical: true, Value: mustMarshal(basicConstraints{CA: true, PathLength: -1})},
		{Id: oidBasicConstraints, Value: []byte{0x30, 0}},
		{Id: oidKeyUsage, Value: []byte{3, 3, 0, 0xff, 0xff}},
		{Id: oidKeyUsage, Critical: true, Value: []byte{3, 1, 0}},
	} {
		der, err := x509.CreateCertificateRequest(rand.Reader,
			&x509.CertificateRequest{ExtraExtensions: []pkix.Extension{e}}, key)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
	}
	f.Add("garbage")
	f.Fuzz(func(t *testing.T, text string) {
		csr, refused := readCSR(text)
		if refused != nil {
			return
		}
		signed, refused := s.issueCertificate(csr, ca)
		if refused != nil {
			return
		}
		block, _ := pem.Decode([]byte(signed))
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Skip(err) // Go is stricter than Magnum about some extensions
		}
		if err := cert.CheckSignatureFrom(ca.cert); err != nil {
			t.Error(err)
		}
		const forLeaves = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment
		if cert.IsCA || cert.KeyUsage&^forLeaves != 0 {
			t.Errorf("CA: %v, key usage %b", cert.IsCA, cert.KeyUsage)
		}
	})
}

// FuzzCheckRequest: what [pki.CheckRequest] lets through, every release
// answers, with a certificate. The request is text, or made of an extension as
// nobody would find a signature by trying.
func FuzzCheckRequest(f *testing.F) {
	_, key, err := ed25519.GenerateKey(rand.Reader) // signs the same in the same way, which the fuzzer needs
	if err != nil {
		f.Fatal(err)
	}
	csr := func(last int, critical bool, value []byte) string {
		e := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, last}, Critical: critical, Value: value}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{ExtraExtensions: []pkix.Extension{e}}, key)
		if err != nil {
			return ""
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	for last, values := range map[byte][][]byte{
		14: {{4, 1, 7}},
		15: {{3, 2, 7, 0x80}, {3, 2, 5, 0xe0}, {3, 2, 3, 0x88}, {3, 3, 0, 0xff, 0xff}, {3, 1, 0}, {3, 2, 7, 0x80, 5, 0}, {5, 0}},
		17: {{0x30, 3, 0x82, 1, 'x'}},
		19: {{0x30, 0}, {0x30, 3, 1, 1, 0xff}, {0x30, 6, 1, 1, 0xff, 2, 1, 3}, {5, 0}, {0x30, 0, 5, 0}},
		30: {{0x30, 0}},
		37: {{0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2}},
	} {
		for _, value := range values {
			f.Add("", last, false, value)
			f.Add("", last, true, value)
			f.Add(csr(int(last), false, value), byte(0), false, []byte(nil))
		}
	}
	f.Add("garbage", byte(0), false, []byte(nil))
	f.Fuzz(func(t *testing.T, text string, last byte, critical bool, value []byte) {
		for _, text := range []string{text, csr(int(last), critical, value)} {
			request, err := pki.CheckRequest([]byte(text))
			if err != nil {
				continue
			}
			for number, release := range releases {
				read, refused := readCSR(text)
				if refused != nil || string(read.Raw) != string(request.Raw) {
					t.Fatalf("Magnum %d reads another request: %v", number, refused)
				}
				if _, refused := release.grant(read.Extensions); refused != nil {
					t.Errorf("Magnum %d: %s", number, refused.detail)
				}
			}
		}
	})
}
