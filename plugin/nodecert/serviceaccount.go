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
	"fmt"
)

// The key pair of service accounts, which all control planes of a cluster share.
// No CA has a part in it.
const (
	saKey    = "pki/sa.key"
	saPublic = "pki/sa.pub"
)

// ErrServiceAccountKey is a key that the API server could not use.
var ErrServiceAccountKey = errors.New("not one private key in PEM, RSA of 2048 bits or more, or ECDSA")

// What is wrong with a node's key of service accounts, beside
// [ErrServiceAccountKey].
var (
	ErrNoSharedKey      = errors.New("the node has no key of service accounts, without which its API server does not start")
	ErrSharedKeyExposed = errors.New("others could read it: whoever did can make tokens until all control planes have another")
	ErrOtherSharedKey   = errors.New("it is another key than the one given: no token that it signed for a service account would be worth anything")
)

// SharedKeyError is what no run can mend of the key of service accounts: it is
// all control planes'.
type SharedKeyError struct {
	Path string
	Err  error
}

func (e *SharedKeyError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }
func (e *SharedKeyError) Unwrap() error { return e.Err }

// chooseSharedKey is the key that is there, if it is one, else the one given. It
// never gives up the one for another, which all control planes have to do at
// once: whoever wants that has to move it away. Of a damaged one the public key
// says which it was.
func (p *Plan) chooseSharedKey() error {
	if p.node.Role == Worker {
		return nil
	}
	there, ok := p.have.tree[saKey]
	given := p.options.ServiceAccountKey
	public, err := publicOf(there)
	if err == nil {
		p.sharedKey = there
	} else {
		p.sharedKey, public = given, p.have.tree[saPublic]
	}
	if block, _ := pem.Decode(public); given == nil || !ok || block == nil {
		return nil
	}
	wanted, err := publicOf(given)
	if err == nil && !bytes.Contains(public, wanted) {
		err = &SharedKeyError{p.dir.said(saKey), ErrOtherSharedKey}
	}
	return err
}

// sharedKeyFiles are the files of the key of service accounts. What else the
// public one has stays: keys of before, whose tokens are taken still.
func (p *Plan) sharedKeyFiles() (tree, error) {
	public, err := publicOf(p.sharedKey)
	if there := p.have.tree[saPublic]; err == nil && bytes.Contains(there, public) {
		public = there
	}
	return tree{saKey: p.sharedKey, saPublic: public}, err
}

// sharedKeyExposed says whether others could read the key that is there, by now
// or before a run that was cut short.
func (p *Plan) sharedKeyExposed() bool {
	_, err := publicOf(p.have.tree[saKey])
	return err == nil && p.node.Role == ControlPlane && (p.have.exposed[saKey] || p.before != nil && p.before.Exposed)
}

// Warnings are what is wrong with the key of service accounts, and stays so.
func (p *Plan) Warnings() []error {
	var err error
	_, ok := p.have.tree[saKey]
	switch {
	case p.node.Role == Worker:
		return nil
	case p.sharedKey == nil && ok:
		err = ErrServiceAccountKey
	case p.sharedKey == nil:
		err = ErrNoSharedKey
	case p.sharedKeyExposed():
		err = ErrSharedKeyExposed
	default:
		return nil
	}
	return []error{&SharedKeyError{p.dir.said(saKey), err}}
}

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
