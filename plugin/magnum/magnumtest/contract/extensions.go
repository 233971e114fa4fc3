// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"crypto/ecdsa"
	"crypto/sha1" //nolint:gosec // RFC 5280, 4.2.1.2: key identifiers are SHA-1 of the key
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

type extensionCase struct {
	name       string
	extensions []pkix.Extension
}

// extensionCases are what a request can ask for beside a name and a key.
func extensionCases(t *testing.T) []extensionCase {
	t.Helper()
	oid := func(last ...int) asn1.ObjectIdentifier { return append(asn1.ObjectIdentifier{2, 5, 29}, last...) }
	one := func(id asn1.ObjectIdentifier, critical bool, value []byte) []pkix.Extension {
		return []pkix.Extension{{Id: id, Critical: critical, Value: value}}
	}
	purposes := func(critical bool, last int) []pkix.Extension {
		return one(oid(37), critical, der(t, []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, last}}))
	}
	usage := func(critical bool, bits ...int) []pkix.Extension {
		return one(oid(15), critical, keyUsage(t, bits...))
	}
	const clientAuth, serverAuth = 2, 1
	const digitalSignature, nonRepudiation, keyEncipherment, keyAgreement, keyCertSign = 0, 1, 2, 4, 5
	ca, noCA := der(t, struct{ CA bool }{true}), []byte{0x30, 0}
	names := der(t, []asn1.RawValue{
		{Class: asn1.ClassContextSpecific, Tag: 2, Bytes: []byte("kubernetes")},
		{Class: asn1.ClassContextSpecific, Tag: 7, Bytes: []byte{127, 0, 0, 1}},
	})
	ocspNoCheck := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	constraints := der(t, struct {
		Permitted []asn1.RawValue `asn1:"tag:0"`
	}{[]asn1.RawValue{{Tag: asn1.TagSequence, IsCompound: true, Bytes: []byte{0x82, 1, 'x'}}}})
	return []extensionCase{
		{"clientAuth", purposes(false, clientAuth)},
		{"clientAuth, digitalSignature", append(purposes(false, clientAuth), usage(false, digitalSignature)...)},
		{"the same, critical", append(purposes(true, clientAuth), usage(true, digitalSignature)...)},
		{"all usages there are for leaves", usage(false, digitalSignature, nonRepudiation, keyEncipherment)},
		{"digitalSignature, keyCertSign", usage(false, digitalSignature, keyCertSign)},
		{"keyCertSign", usage(false, keyCertSign)},
		{"digitalSignature, keyAgreement, critical", usage(true, digitalSignature, keyAgreement)},
		{"CA:TRUE", one(oid(19), false, ca)},
		{"CA:TRUE, critical", one(oid(19), true, ca)},
		{"CA:FALSE", one(oid(19), false, noCA)},
		{"CA:FALSE, critical", one(oid(19), true, noCA)},
		{"serverAuth, names", append(purposes(false, serverAuth), one(oid(17), false, names)...)},
		{"authorityKeyIdentifier", one(oid(35), false, []byte{0x30, 3, 0x80, 1, 7})},
		{"an unlisted one", one(ocspNoCheck, false, asn1.NullBytes)},
		{"an unlisted one, critical", one(oid(30), true, constraints)},
	}
}

func keyUsage(t *testing.T, bits ...int) []byte {
	t.Helper()
	var usage asn1.BitString
	for _, bit := range bits {
		if usage.Bytes == nil {
			usage.Bytes = make([]byte, 1)
		}
		usage.Bytes[0] |= 0x80 >> bit
		usage.BitLength = max(usage.BitLength, bit+1)
	}
	return der(t, usage)
}

func keyID(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	point, err := key.PublicKey.Bytes()
	must(t, err)
	sum := sha1.Sum(point) //nolint:gosec // see the import
	return sum[:]
}
