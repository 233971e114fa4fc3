// SPDX-License-Identifier: Apache-2.0

// Package pki makes keys and certificate requests in memory and checks what a
// signer returned for them. It believes nothing a signer says: a certificate
// is used only after [CheckClient] and [SignedBy] agreed to it.
//
// It never touches the network or a file, and never asks what time it is.
// There is no promise of API stability.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
)

// NewKey makes a P-256 key: its scalar fits every OS keyring together with
// its certificate, which an RSA key does not (docs/adr/0002).
func NewKey() (*ecdsa.PrivateKey, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// MarshalKey returns key as PKCS #8 in PEM, the form kubectl expects in
// ExecCredential's clientKeyData.
func MarshalKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// MarshalCertificate returns cert in PEM with a final newline, which Magnum's
// own PEM lacks.
func MarshalCertificate(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

// Fingerprint is the SHA-256 of the whole certificate in lower-case hex, as
// `openssl x509 -fingerprint -sha256` prints it but without colons. After a
// rotation old and new CA have the same subject and no key identifiers, so
// nothing less tells them apart.
func Fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}
