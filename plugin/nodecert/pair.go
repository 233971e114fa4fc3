// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// pair is a certificate and its key in PEM, as they are installed.
type pair struct{ certificate, key []byte }

// Why a certificate is made anew, beside what package pki says of it.
var (
	errMissing   = errors.New("it is missing")
	errNoKey     = errors.New("its key is missing or cannot be read")
	errExposed   = errors.New("others could read its key")
	errDue       = errors.New("it is near its end")
	errUnknownCA = errors.New("it is signed by none of the cluster's CAs")
)

// parseKey reads a key as [pki.MarshalKey] writes it. Others are made anew.
func parseKey(data []byte) (*ecdsa.PrivateKey, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errNoKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errNoKey
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errNoKey
	}
	return key, nil
}

// usable says why an installed pair cannot stay, nil if it can: the one place
// where that is decided. signer is which of the CAs signed it.
func usable(p pair, leaf pki.Leaf, cas []*x509.Certificate, now time.Time) (signer *x509.Certificate, err error) {
	if len(p.certificate) == 0 {
		return nil, errMissing
	}
	cert, err := pki.ParseCertificate(p.certificate)
	if err != nil {
		return nil, pki.ErrMalformed
	}
	key, err := parseKey(p.key)
	if err != nil {
		return nil, err
	}
	if err := pki.CheckLeaf(cert, &key.PublicKey, leaf, now); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(cas, func(ca *x509.Certificate) bool { return pki.SignedBy(cert, ca) == nil })
	if i < 0 {
		return nil, errUnknownCA
	}
	if now.After(renewAt(cert)) {
		return cas[i], errDue
	}
	return cas[i], nil
}

// renewMost is the longest time before its end that a certificate is renewed.
const renewMost = 90 * 24 * time.Hour

// renewAt is when a certificate is near its end: a third of its life before, or
// ninety days.
func renewAt(cert *x509.Certificate) time.Time {
	return cert.NotAfter.Add(-min(cert.NotAfter.Sub(cert.NotBefore)/3, renewMost))
}

// parseBundle reads a file of CAs, of which nothing may be anything else.
func parseBundle(data []byte) ([]*x509.Certificate, error) {
	var cas []*x509.Certificate
	for data = bytes.TrimSpace(data); len(data) > 0; data = bytes.TrimSpace(data) {
		block, rest := pem.Decode(data)
		if block == nil || block.Type != "CERTIFICATE" || !bytes.HasPrefix(data, []byte("-----BEGIN")) {
			return nil, pki.ErrMalformed
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", pki.ErrMalformed, err)
		}
		cas, data = append(cas, ca), rest
	}
	if len(cas) == 0 {
		return nil, pki.ErrMalformed
	}
	return cas, nil
}

func marshalBundle(cas []*x509.Certificate) []byte {
	var out []byte
	for _, ca := range cas {
		out = append(out, pki.MarshalCertificate(ca)...)
	}
	return out
}

func contains(cas []*x509.Certificate, ca *x509.Certificate) bool {
	return slices.ContainsFunc(cas, ca.Equal)
}
