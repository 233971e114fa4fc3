// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
)

var (
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidClientAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
)

// Subject is whom a client certificate speaks for. Kubernetes takes the
// common name as the user and the organizations as the groups.
type Subject struct {
	CommonName    string
	Organizations []string
}

// ClientRequest returns a certificate request in PEM for a client certificate.
//
// Both extensions are marked non-critical and there is no subject key
// identifier: Magnum never answers a critical extension it does not allow, and
// from version 21 on fails on a key identifier.
func ClientRequest(key *ecdsa.PrivateKey, subject Subject) ([]byte, error) {
	usage, err := asn1.Marshal(asn1.BitString{Bytes: []byte{0x80}, BitLength: 1}) // digitalSignature
	if err != nil {
		return nil, err
	}
	extUsage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidClientAuth})
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: subject.CommonName, Organization: subject.Organizations},
		ExtraExtensions: []pkix.Extension{
			{Id: oidKeyUsage, Value: usage},
			{Id: oidExtKeyUsage, Value: extUsage},
		},
	}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}
