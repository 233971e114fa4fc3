// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ecdsa"
	"encoding/asn1"
)

var (
	oidKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidServerAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
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
	return LeafRequest(key, Leaf{Subject: subject, Client: true})
}
