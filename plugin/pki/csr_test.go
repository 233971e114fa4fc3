// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

func TestCheckRequest(t *testing.T) {
	t.Parallel()
	key := pkitest.NewKey(t)
	good := string(pkitest.Request(t, key))
	request, err := pki.CheckRequest([]byte(good))
	if err != nil || request.Subject.CommonName != "alice" || !key.PublicKey.Equal(request.PublicKey) {
		t.Fatalf("%+v, %v", request, err)
	}
	if diff := cmp.Diff(good, string(pki.MarshalRequest(request))); diff != "" {
		t.Error(diff)
	}
	const junk = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"the old name":            {strings.ReplaceAll(good, "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"), nil},
		"space around, CRLF":      {"\r\n " + strings.ReplaceAll(good, "\n", "\r\n") + "\t\n", nil},
		"no newline":              {strings.TrimSpace(good), nil},
		"empty":                   {"", pki.ErrNotRequest},
		"DER":                     {string(derOf(good)), pki.ErrNotASCII},
		"text before":             {"Certificate Request:\n" + good, pki.ErrNotRequest},
		"text after":              {good + "x", pki.ErrNotRequest},
		"two":                     {good + good, pki.ErrNotRequest},
		"one that cannot be read": {"-----BEGIN X-----\nA: b\n?\n-----END Y-----\n" + good, pki.ErrNotRequest},
		"a certificate":           {strings.ReplaceAll(good, "CERTIFICATE REQUEST", "CERTIFICATE"), pki.ErrNotRequest},
		"a private key":           {strings.ReplaceAll(good, "CERTIFICATE REQUEST", "PRIVATE KEY"), pki.ErrNotRequest},
		"headers":                 {strings.Replace(good, "-----\n", "-----\nA: b\n\n", 1), pki.ErrNotRequest},
		"junk in it":              {junk, pki.ErrNotRequest},
		"cut short":               {good[:len(good)/2], pki.ErrNotRequest},
		"beyond ASCII":            {good + "\u00e9", pki.ErrNotASCII},
		"beyond ASCII, not UTF-8": {"\xff" + good, pki.ErrNotASCII},
		"a byte order mark":       {"\ufeff" + good, pki.ErrNotASCII},
		"another's signature":     {resigned(t, good, pkitest.Request(t, pkitest.NewKey(t))), pki.ErrOtherSigner},
	} {
		if _, err := pki.CheckRequest([]byte(test.text)); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// derOf is the DER in a PEM text.
func derOf(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	return block.Bytes
}

// resigned is a request under the signature of another.
func resigned(t *testing.T, text string, other []byte) string {
	t.Helper()
	var parts, from []asn1.RawValue
	_, err := asn1.Unmarshal(derOf(text), &parts)
	if _, errFrom := asn1.Unmarshal(derOf(string(other)), &from); err != nil || errFrom != nil {
		t.Fatal(err, errFrom)
	}
	parts[2] = from[2] // after the request and the algorithm
	der, err := asn1.Marshal(parts)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// What Magnum answers, and what it does not, as recorded in magnumtest.
func TestCheckRequestExtensions(t *testing.T) {
	t.Parallel()
	const basic, usage, names, constraints, extUsage, keyID = 19, 15, 17, 30, 37, 14
	clientAuth := []byte{0x30, 0x0a, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2}
	one := pkitest.Extension
	key := pkitest.NewKey(t)
	for name, test := range map[string]struct {
		extension pkix.Extension
		want      string // "" = accepted
	}{
		"clientAuth":                          {one(extUsage, false, clientAuth...), ""},
		"clientAuth, critical":                {one(extUsage, true, clientAuth...), ""},
		"names, critical":                     {one(names, true, 0x30, 3, 0x82, 1, 'x'), ""},
		"digitalSignature, critical":          {one(usage, true, 3, 2, 7, 0x80), ""},
		"three usages, critical":              {one(usage, true, 3, 2, 5, 0xe0), ""},
		"keyAgreement, critical":              {one(usage, true, 3, 2, 3, 0x88), "it asks for a critical keyUsage that Magnum does not grant, nor ever answers"},
		"keyCertSign, critical":               {one(usage, true, 3, 2, 2, 0x04), "it asks for a critical keyUsage that Magnum does not grant, nor ever answers"},
		"decipherOnly, critical":              {one(usage, true, 3, 3, 7, 0x80, 0x80), "it asks for a critical keyUsage that Magnum does not grant, nor ever answers"},
		"keyCertSign":                         {one(usage, false, 3, 2, 2, 0x04), ""},
		"no keyUsage at all":                  {one(usage, false, 4, 1, 0), "its keyUsage cannot be read"},
		"keyUsage and more":                   {one(usage, true, 3, 2, 7, 0x80, 5, 0), "its keyUsage cannot be read"},
		"CA:FALSE, critical":                  {one(basic, true, 0x30, 0), ""},
		"CA:TRUE":                             {one(basic, false, 0x30, 3, 1, 1, 0xff), ""},
		"CA:TRUE, critical":                   {one(basic, true, 0x30, 3, 1, 1, 0xff), "it asks for a critical basicConstraints that Magnum does not grant, nor ever answers"},
		"basicConstraints that are none":      {one(basic, false, 5, 0), "its basicConstraints cannot be read"},
		"basicConstraints and more":           {one(basic, true, 0x30, 0, 5, 0), "its basicConstraints cannot be read"},
		"unlisted":                            {one(constraints, false, 0x30, 0), ""},
		"unlisted, critical":                  {one(constraints, true, 0x30, 0), "it asks for a critical nameConstraints that Magnum does not grant, nor ever answers"},
		"unlisted, critical, without a name":  {one(99, true, 5, 0), "it asks for a critical extension 2.5.29.99 that Magnum does not grant, nor ever answers"},
		"subjectKeyIdentifier":                {one(keyID, false, 4, 1, 7), pki.ErrKeyID.Error()},
		"subjectKeyIdentifier, also critical": {one(keyID, true, 4, 1, 7), pki.ErrKeyID.Error()},
	} {
		got := ""
		_, err := pki.CheckRequest(pkitest.Request(t, key, test.extension))
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
		var refused *pki.ExtensionError
		if is := errors.As(err, &refused); is != (err != nil && !errors.Is(err, pki.ErrKeyID)) || is && !refused.OID.Equal(test.extension.Id) {
			t.Errorf("%s: got %#v", name, err)
		}
	}
}

// Keys of all kinds that Magnum signs.
func TestCheckRequestKeys(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ca := pkitest.NewCA(t, "prod", now)
	for _, key := range []crypto.Signer{ed, rsaKey, pkitest.NewKey(t)} {
		request, err := pki.CheckRequest(pkitest.Request(t, key))
		if err != nil {
			t.Errorf("%T: %v", key, err)
			continue
		}
		if err := pki.CheckSigned(ca.Client(t, key.Public(), now, nil), request, ca.Certificate, now); err != nil {
			t.Errorf("%T: %v", key, err)
		}
	}
}

func TestCheckSigned(t *testing.T) {
	t.Parallel()
	key := pkitest.NewKey(t)
	ca, other := pkitest.NewCA(t, "prod", now), pkitest.NewCA(t, "prod", now)
	request, err := pki.CheckRequest(pkitest.Request(t, key))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		ca   *pkitest.CA
		key  crypto.PublicKey
		edit func(*x509.Certificate)
		want error
	}{
		"what was asked for":    {ca, key.Public(), nil, nil},
		"for servers":           {ca, key.Public(), func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, nil},
		"another encoding":      {ca, key.Public(), func(c *x509.Certificate) { c.RawSubject = utf8Subject(t) }, nil},
		"another key":           {ca, pkitest.NewKey(t).Public(), nil, pki.ErrOtherKey},
		"a key of another kind": {ca, ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)), nil, pki.ErrOtherKey},
		"another name":          {ca, key.Public(), func(c *x509.Certificate) { c.Subject.CommonName = "mallory" }, pki.ErrOtherSubject},
		"one group more":        {ca, key.Public(), func(c *x509.Certificate) { c.Subject.Organization = []string{"system:masters", "x"} }, pki.ErrOtherSubject},
		"no name":               {ca, key.Public(), func(c *x509.Certificate) { c.Subject = pkix.Name{} }, pki.ErrOtherSubject},
		"a CA":                  {ca, key.Public(), func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, pki.ErrIsCA},
		"another CA":            {other, key.Public(), nil, pki.ErrOtherCA},
		"expired":               {ca, key.Public(), func(c *x509.Certificate) { c.NotAfter = now }, pki.ErrExpired},
		"not yet valid":         {ca, key.Public(), func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }, pki.ErrNotYetValid},
	} {
		cert := test.ca.Client(t, test.key, now, test.edit)
		if err := pki.CheckSigned(cert, request, ca.Certificate, now); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// utf8Subject is alice in system:masters in other bytes than Go's.
func utf8Subject(t *testing.T) []byte {
	t.Helper()
	ours, err := asn1.Marshal(pkix.Name{CommonName: "alice", Organization: []string{"system:masters"}}.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(ours, []byte{asn1.TagPrintableString, 5, 'a'}, []byte{asn1.TagUTF8String, 5, 'a'})
}
