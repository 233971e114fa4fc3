// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"
	"unicode"
)

// Why a certificate request is refused, beside [*ExtensionError].
var (
	ErrNotRequest   = errors.New("not one certificate request in PEM")
	ErrNotASCII     = errors.New("it has bytes that are not ASCII, as no PEM has")
	ErrOtherSigner  = errors.New("its own signature does not hold: another key signed it, or it was changed")
	ErrKeyID        = errors.New("it asks for a subjectKeyIdentifier, which Magnum 21 and later fail on")
	ErrOtherSubject = errors.New("certificate is for another subject")
)

// ExtensionError is an extension of a request that Magnum does not answer: it
// is marked critical and Magnum would not grant it, or it cannot be read.
type ExtensionError struct {
	OID       asn1.ObjectIdentifier
	Malformed bool
}

func (e *ExtensionError) Error() string {
	name := "extension " + e.OID.String()
	if known := extensionNames[e.OID.String()]; known != "" {
		name = known
	}
	if e.Malformed {
		return fmt.Sprintf("its %s cannot be read", name)
	}
	return fmt.Sprintf("it asks for a critical %s that Magnum does not grant, nor ever answers", name)
}

var (
	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
)

var extensionNames = map[string]string{
	oidKeyUsage.String():         "keyUsage",
	oidBasicConstraints.String(): "basicConstraints",
	"2.5.29.30":                  "nameConstraints",
	"2.5.29.32":                  "certificatePolicies",
	"1.3.6.1.5.5.7.1.24":         "TLS feature",
}

// CheckRequest reads exactly one certificate request in PEM, with nothing but
// white space around it, and refuses what Magnum fails on or hangs over for a
// minute. It also checks what Magnum does not: that whoever made the request
// has the key.
//
// What Magnum grants silently in part is accepted, such as a CA:TRUE that is not
// critical. See [CheckSigned] for what came of it.
func CheckRequest(data []byte) (*x509.CertificateRequest, error) {
	if slices.ContainsFunc(data, func(b byte) bool { return b > unicode.MaxASCII }) {
		return nil, ErrNotASCII
	}
	data = bytes.TrimSpace(data)
	block, rest := pem.Decode(data)
	switch {
	// Go passes over a block that cannot be read, Magnum may not.
	case block == nil, !bytes.HasPrefix(data, []byte("-----BEGIN ")), bytes.Count(data, []byte("-----BEGIN")) != 1:
		return nil, ErrNotRequest
	case block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST":
		return nil, ErrNotRequest
	case len(block.Headers) > 0, len(rest) > 0:
		return nil, ErrNotRequest
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotRequest, err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("%w (%w)", ErrOtherSigner, err)
	}
	for _, e := range request.Extensions {
		if err := checkExtension(e); err != nil {
			return nil, err
		}
	}
	return request, nil
}

// MarshalRequest returns request in PEM. It is for sending what was checked
// and not the text it was read from, which others may read differently.
func MarshalRequest(request *x509.CertificateRequest) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request.Raw})
}

// checkExtension follows Magnum's validator, which grants four extensions, some
// only in part, and drops the others unless they are critical.
func checkExtension(e pkix.Extension) error {
	granted := true
	var err error
	switch {
	case e.Id.Equal(oidSubjectKeyID):
		return ErrKeyID
	case e.Id.Equal(oidExtKeyUsage), e.Id.Equal(oidSubjectAltName):
	case e.Id.Equal(oidKeyUsage):
		granted, err = forLeaf(e.Value)
	case e.Id.Equal(oidBasicConstraints):
		granted, err = noCA(e.Value)
	default:
		granted = false
	}
	if err != nil || e.Critical && !granted {
		return &ExtensionError{OID: e.Id, Malformed: err != nil}
	}
	return nil
}

var errTrailing = errors.New("something follows it")

// forLeaf says whether a keyUsage has only digitalSignature, nonRepudiation and
// keyEncipherment, its first three bits.
func forLeaf(value []byte) (bool, error) {
	var usage asn1.BitString
	if rest, err := asn1.Unmarshal(value, &usage); err != nil {
		return false, err
	} else if len(rest) > 0 {
		return false, errTrailing
	}
	for i := 3; i < usage.BitLength; i++ {
		if usage.At(i) != 0 {
			return false, nil
		}
	}
	return true, nil
}

// noCA says whether basicConstraints are of no CA.
func noCA(value []byte) (bool, error) {
	var constraints struct {
		CA         bool `asn1:"optional"`
		PathLength int  `asn1:"optional,default:-1"`
	}
	if rest, err := asn1.Unmarshal(value, &constraints); err != nil {
		return false, err
	} else if len(rest) > 0 {
		return false, errTrailing
	}
	return !constraints.CA, nil
}

// CheckSigned says whether cert is what request asked ca for: its key and its
// subject, signed by ca, no CA's, in date at now. Extensions may differ: which
// ones it grants is the signer's to say.
func CheckSigned(cert *x509.Certificate, request *x509.CertificateRequest, ca *x509.Certificate, now time.Time) error {
	key, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !ok || !key.Equal(request.PublicKey):
		return ErrOtherKey
	case !sameSubject(cert, request):
		return ErrOtherSubject
	case cert.IsCA:
		return ErrIsCA
	}
	if err := SignedBy(cert, ca); err != nil {
		return err
	}
	return checkDates(cert, now)
}

// sameSubject allows the signer another encoding of the same names.
func sameSubject(cert *x509.Certificate, request *x509.CertificateRequest) bool {
	return bytes.Equal(cert.RawSubject, request.RawSubject) ||
		slices.EqualFunc(cert.Subject.Names, request.Subject.Names, func(a, b pkix.AttributeTypeAndValue) bool {
			return a.Type.Equal(b.Type) && reflect.DeepEqual(a.Value, b.Value)
		})
}
