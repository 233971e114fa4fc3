// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// The key pair of service accounts, which all control planes of a cluster share.
// No CA has a part in it.
const (
	saKey    = "pki/sa.key"
	saPublic = "pki/sa.pub"
)

// ErrServiceAccountKey is a key that the API server could not use.
var ErrServiceAccountKey = errors.New("not one private key in PEM, RSA of 2048 bits or more, or ECDSA")

// errSharedExposed is said of a key that no run can make anew, as it is all
// control planes'.
var errSharedExposed = errors.New("others could read it: whoever did can make tokens until all control planes have another")

// ParseServiceAccountKey returns the key in PEM without what may stand around it.
func ParseServiceAccountKey(data []byte) ([]byte, error) {
	data = bytes.TrimSpace(data)
	block, rest := pem.Decode(data)
	if block == nil || !bytes.HasPrefix(data, []byte("-----BEGIN")) || len(rest) > 0 {
		return nil, ErrServiceAccountKey
	}
	key := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})
	_, err := publicOf(key)
	return key, err
}

func publicOf(keyPEM []byte) ([]byte, error) {
	block, _ := pem.Decode(keyPEM)
	if block == nil {
		return nil, ErrServiceAccountKey
	}
	key, err := parseAnyKey(block)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, ErrServiceAccountKey
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func parseAnyKey(block *pem.Block) (crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, ErrServiceAccountKey
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() >= 2048 {
			return k, nil
		}
	case *ecdsa.PrivateKey:
		return k, nil
	}
	return nil, ErrServiceAccountKey
}
