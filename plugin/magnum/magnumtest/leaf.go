// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 5280, 4.2.1.2: key identifiers are SHA-1 of the key
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"
)

// leaf is a certificate to be. [crypto/x509.CreateCertificate] adds key
// identifiers and sorts extensions; Magnum does neither, so this is built by
// hand (RFC 5280, 4.1).
type leaf struct {
	issuer, subject []byte // DER of the names
	publicKey       []byte // DER of the SubjectPublicKeyInfo
	from, to        time.Time
	extensions      []pkix.Extension
}

type tbsCertificate struct {
	Version    int `asn1:"explicit,tag:0"`
	Serial     *big.Int
	Algorithm  pkix.AlgorithmIdentifier
	Issuer     asn1.RawValue
	Validity   validity
	Subject    asn1.RawValue
	PublicKey  asn1.RawValue
	Extensions []pkix.Extension `asn1:"optional,omitempty,explicit,tag:3"`
}

type validity struct{ NotBefore, NotAfter time.Time }

type signedCertificate struct {
	TBS       asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Signature asn1.BitString
}

var sha256WithRSA = pkix.AlgorithmIdentifier{
	Algorithm:  asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11},
	Parameters: asn1.NullRawValue,
}

// sign makes the certificate, with a random UUID for its serial number.
func (l leaf) sign(key crypto.Signer) []byte {
	tbs := mustMarshal(tbsCertificate{
		Version:    2,
		Serial:     new(big.Int).SetBytes(uuid4()),
		Algorithm:  sha256WithRSA,
		Issuer:     asn1.RawValue{FullBytes: l.issuer},
		Validity:   validity{l.from.UTC(), l.to.UTC()},
		Subject:    asn1.RawValue{FullBytes: l.subject},
		PublicKey:  asn1.RawValue{FullBytes: l.publicKey},
		Extensions: l.extensions,
	})
	digest := sha256.Sum256(tbs)
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	return mustMarshal(signedCertificate{
		TBS:       asn1.RawValue{FullBytes: tbs},
		Algorithm: sha256WithRSA,
		Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
	})
}

// commonName is a name of one CN, as a UTF8String: what Python makes.
func commonName(cn string) []byte {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8"`
	}
	set := mustMarshal(attribute{asn1.ObjectIdentifier{2, 5, 4, 3}, cn})
	return mustMarshal([]asn1.RawValue{{Tag: asn1.TagSet, IsCompound: true, Bytes: set}})
}

var (
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidExtendedKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
)

type basicConstraints struct {
	CA         bool `asn1:"optional"`
	PathLength int  `asn1:"optional,default:-1"`
}

// caExtensions make a CA that may sign leaves only.
func caExtensions() []pkix.Extension {
	const keyCertSign = 5
	usage := asn1.BitString{Bytes: []byte{0x80 >> keyCertSign}, BitLength: keyCertSign + 1}
	return []pkix.Extension{
		{Id: oidBasicConstraints, Critical: true, Value: mustMarshal(basicConstraints{CA: true, PathLength: 0})},
		{Id: oidKeyUsage, Critical: true, Value: mustMarshal(usage)},
	}
}

// subjectKeyID is the SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1).
func subjectKeyID(spki []byte) pkix.Extension {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(spki, &info); err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // see the import
	return pkix.Extension{Id: oidSubjectKeyID, Value: mustMarshal(sum[:])}
}

// mustMarshal is for structures that are written down here.
func mustMarshal(v any) []byte {
	der, err := asn1.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("magnumtest: %v", err))
	}
	return der
}
