// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"testing"
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
