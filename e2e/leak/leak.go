// SPDX-License-Identifier: Apache-2.0

// Package leak searches files, outputs and running processes for a private key
// it is given, in every form a program would plausibly write one. It can't find
// what was compressed or encrypted, and it never prints the key. No API
// stability promise.
package leak

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Key is a private key to look for.
type Key struct{ forms []form }

type form struct {
	name string
	data []byte
}

// ParseKey takes a P-256 key in PEM, SEC 1 or PKCS #8, as an ExecCredential's
// clientKeyData has it.
func ParseKey(text string) (Key, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return Key{}, errors.New("no PEM block")
	}
	if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return newKey(key)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, errors.New("neither SEC 1 nor PKCS #8") // x509's own error could quote the key
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return Key{}, fmt.Errorf("a %T, not an ECDSA key", parsed)
	}
	return newKey(key)
}

// ParseCertificate takes a certificate in PEM, which is then looked for like a
// key: by its signature, as only the whole certificate is one.
func ParseCertificate(text string) (Key, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return Key{}, errors.New("no PEM block")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Key{}, err
	}
	lower := hex.EncodeToString(cert.Signature)
	k := Key{forms: []form{
		{"raw", cert.Signature},
		{"hex", []byte(lower)},
		{"HEX", []byte(strings.ToUpper(lower))},
	}}
	k.add64("signature", cert.Signature)
	k.add64("PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	return k, nil
}

// newKey lists the forms. A PEM file and DER are among them by what they hold:
// the raw scalar in DER, and its base64 in PEM once line ends are taken out.
func newKey(key *ecdsa.PrivateKey) (Key, error) {
	scalar, err := key.Bytes()
	if err != nil {
		return Key{}, err
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return Key{}, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Key{}, err
	}
	lower := hex.EncodeToString(scalar)
	k := Key{forms: []form{
		{"raw", scalar},
		{"hex", []byte(lower)},
		{"HEX", []byte(strings.ToUpper(lower))},
		{"decimal", []byte(new(big.Int).SetBytes(scalar).String())},
		{"decimal bytes", []byte(strings.Trim(fmt.Sprintf("%d", scalar), "[]"))},
	}}
	k.add64("scalar", scalar)
	// A kubeconfig's client-key-data is base64 of PEM.
	k.add64("SEC 1 PEM", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	k.add64("PKCS #8 PEM", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	return k, nil
}

// add64 adds the base64 forms of data standing anywhere in a longer text: at
// each of the three alignments, less the characters its neighbours have a part in.
func (k *Key) add64(name string, data []byte) {
	for before := range 3 {
		padded := append(make([]byte, before), data...)
		first := (before*8 + 5) / 6
		last := len(padded) * 8 / 6
		k.forms = append(k.forms,
			form{fmt.Sprintf("base64 of %s at %d", name, before), []byte(base64.RawStdEncoding.EncodeToString(padded)[first:last])},
			form{fmt.Sprintf("base64url of %s at %d", name, before), []byte(base64.RawURLEncoding.EncodeToString(padded)[first:last])})
	}
}

// In returns the names of the forms that data holds: as it is, without white
// space, and without line ends escaped as in JSON.
func (k Key) In(data []byte) []string {
	squeezed := bytes.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\r\n", r) {
			return -1
		}
		return r
	}, data)
	unescaped := bytes.ReplaceAll(bytes.ReplaceAll(squeezed, []byte(`\r`), nil), []byte(`\n`), nil)
	var found []string
	for _, f := range k.forms {
		if bytes.Contains(data, f.data) || bytes.Contains(squeezed, f.data) || bytes.Contains(unescaped, f.data) {
			found = append(found, f.name)
		}
	}
	return found
}

// AnyKeyIn tells whether data holds what announces a private key of any kind in
// PEM, in clear or in base64.
func AnyKeyIn(data []byte) bool {
	mark := Key{}
	mark.forms = append(mark.forms, form{"PEM", []byte("PRIVATE KEY-----")})
	mark.add64("PEM", []byte("PRIVATE KEY-----"))
	for _, f := range mark.forms {
		if bytes.Contains(data, f.data) {
			return true
		}
	}
	return false
}
