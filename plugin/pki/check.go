// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Why a certificate is refused. Errors of this package wrap one of these.
var (
	ErrMalformed   = errors.New("not one certificate in PEM")
	ErrOtherKey    = errors.New("certificate is for another key")
	ErrOtherCA     = errors.New("certificate is not signed by the cluster's CA")
	ErrOtherName   = errors.New("certificate is for another user or other groups")
	ErrIsCA        = errors.New("certificate is a CA's, not a client's")
	ErrUsage       = errors.New("certificate is not for client authentication")
	ErrExpired     = errors.New("certificate has expired")
	ErrNotYetValid = errors.New("certificate is not valid yet")
)

// ClockGrace is by how much this machine's clock may be behind a signer's:
// a certificate that begins so soon counts as begun. The API server, whose clock
// decides, is rarely behind both.
const ClockGrace = time.Minute

// ParseCertificate reads exactly one certificate in PEM. Other blocks, headers
// and anything but white space around it are refused: what is not understood
// whole is not trusted in part.
func ParseCertificate(data []byte) (*x509.Certificate, error) {
	data = bytes.TrimSpace(data)
	block, rest := pem.Decode(data)
	switch {
	case block == nil, !bytes.HasPrefix(data, []byte("-----BEGIN")):
		return nil, ErrMalformed
	case block.Type != "CERTIFICATE", len(block.Headers) > 0, len(rest) > 0:
		return nil, ErrMalformed
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return cert, nil
}

// CheckCA says whether cert may stand as a cluster's CA at now: a CA by its
// own extensions, allowed to sign certificates, signed by itself and in date.
func CheckCA(cert *x509.Certificate, now time.Time) error {
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return fmt.Errorf("not a CA certificate: %w", err)
	}
	return checkDates(cert, now)
}

// CheckClient says whether cert is what a client asks a CA for: for key and
// subject, a client's and no CA's, in date at now. Who signed it is the other
// half: [SignedBy].
func CheckClient(cert *x509.Certificate, key *ecdsa.PublicKey, subject Subject, now time.Time) error {
	pub, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || !pub.Equal(key) {
		return ErrOtherKey
	}
	if cert.IsCA {
		return ErrIsCA
	}
	if cert.Subject.CommonName != subject.CommonName || !sameSet(cert.Subject.Organization, subject.Organizations) {
		return ErrOtherName
	}
	if !forClientAuth(cert) {
		return ErrUsage
	}
	return checkDates(cert, now)
}

// SignedBy says whether ca's key signed cert. Names don't count: a rotated CA
// keeps its subject.
func SignedBy(cert, ca *x509.Certificate) error {
	if err := cert.CheckSignatureFrom(ca); err != nil {
		return fmt.Errorf("%w: %w", ErrOtherCA, err)
	}
	return nil
}

func checkDates(cert *x509.Certificate, now time.Time) error {
	switch {
	case now.Add(ClockGrace).Before(cert.NotBefore):
		return fmt.Errorf("%w: it is from %s on", ErrNotYetValid, cert.NotBefore.UTC().Format(time.RFC3339))
	case !now.Before(cert.NotAfter):
		return fmt.Errorf("%w: it was until %s", ErrExpired, cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// forClientAuth follows the API server: a certificate that names no extended
// key usage may be used for any (RFC 5280, 4.2.1.12).
func forClientAuth(cert *x509.Certificate) bool {
	return len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageClientAuth) ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(slices.Compact(a), slices.Compact(b))
}
