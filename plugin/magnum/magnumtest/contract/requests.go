// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"testing"
)

// csr is a certificate request to be made; the zero value is what most
// questions need.
type csr struct {
	key        crypto.Signer // default a new P-256 key
	cn         string        // default alice
	groups     []string      // default system:masters
	subject    []byte        // instead of the two, DER
	extensions []pkix.Extension
}

func newCSR(t *testing.T, c csr) string {
	t.Helper()
	return armour(newDER(t, c))
}

func newDER(t *testing.T, c csr) []byte {
	t.Helper()
	if c.key == nil {
		c.key = newP256(t)
	}
	if c.cn == "" {
		c.cn = "alice"
	}
	if c.groups == nil {
		c.groups = []string{"system:masters"}
	}
	template := &x509.CertificateRequest{
		Subject:         pkix.Name{CommonName: c.cn, Organization: c.groups},
		RawSubject:      c.subject,
		ExtraExtensions: c.extensions,
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, c.key)
	must(t, err)
	return der
}

func newP256(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func armour(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

type namedRequest struct{ name, csr string }

// requests are those that Magnum signs or refuses for what is in them.
func requests(t *testing.T) []namedRequest {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	flipped := newDER(t, csr{})
	flipped[len(flipped)-1] ^= 1
	list := []namedRequest{
		{"RSA", newCSR(t, csr{key: rsaKey, cn: "admin"})},
		{"P-256", newCSR(t, csr{})},
		{"P-384", newCSR(t, csr{key: p384})},
		{"Ed25519", newCSR(t, csr{key: edKey})},
		{"its signature wrong", armour(flipped)},
		{"two groups in one set, as Go writes them", newCSR(t, csr{groups: []string{"viewers", "team"}})},
		{"two groups in a row", newCSR(t, csr{subject: name(t, "carol", "viewers", "team")})},
		{"empty subject", newCSR(t, csr{subject: []byte{0x30, 0}})},
		{"a name beyond ASCII", newCSR(t, csr{cn: "中"})},
	}
	for _, e := range extensionCases(t) {
		list = append(list, namedRequest{e.name, newCSR(t, csr{extensions: e.extensions})})
	}
	key := newP256(t)
	list = append(list, namedRequest{"subjectKeyIdentifier", newCSR(t, csr{
		key: key, extensions: []pkix.Extension{{Id: oidSubjectKeyID, Value: der(t, keyID(t, key))}},
	})})
	return list
}

// name is a name whose parts follow each other in sets of one.
func name(t *testing.T, cn string, groups ...string) []byte {
	t.Helper()
	sequence := pkix.RDNSequence{{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: cn}}}
	for _, g := range groups {
		sequence = append(sequence, pkix.RelativeDistinguishedNameSET{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: g},
		})
	}
	return der(t, sequence)
}

func der(t *testing.T, v any) []byte {
	t.Helper()
	data, err := asn1.Marshal(v)
	must(t, err)
	return data
}
