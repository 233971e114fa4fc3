// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// cmdCA writes the Kubernetes CA that Magnum has of a cluster: ca prod want.pem.
func cmdCA(ts *testscript.TestScript, _ bool, args []string) {
	ca, _ := worldOf(ts).cloud.CA(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), ca, 0o600))
}

// cmdIssuedBy checks that a certificate is for carol and which CA signed it:
// issuedby ca.pem cert.pem.
func cmdIssuedBy(ts *testscript.TestScript, neg bool, args []string) {
	var read [2]*x509.Certificate
	for i := range read {
		cert, err := pki.ParseCertificate([]byte(ts.ReadFile(args[i])))
		ts.Check(err)
		read[i] = cert
	}
	if err := pki.SignedBy(read[1], read[0]); (err != nil) != neg {
		ts.Fatalf("%s, %s: %v", args[0], args[1], err)
	}
	if who := read[1].Subject.String(); who != "CN=carol,O=viewers" {
		ts.Fatalf("it is for %s", who)
	}
}

// cmdCSR writes a certificate request for carol: csr good carol.csr.
func cmdCSR(ts *testscript.TestScript, _ bool, args []string) {
	make, ok := csrs[args[0]]
	if !ok {
		ts.Fatalf("no certificate request %q", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), make(), 0o600))
}

var csrs = map[string]func() []byte{
	"good":                 func() []byte { return csrFor() },
	"odd":                  func() []byte { return csrOf(pkix.Name{CommonName: "a\x1b[31m\u202eb"}) },
	"subjectKeyIdentifier": func() []byte { return csrFor(ext(14, false, 4, 1, 7)) },
	"nameConstraints":      func() []byte { return csrFor(ext(30, true, 0x30, 0)) },
	"keyCertSign":          func() []byte { return csrFor(ext(15, true, 3, 2, 2, 4)) },
	"ca":                   func() []byte { return csrFor(ext(19, true, 0x30, 3, 1, 1, 0xff)) },
	"text":                 func() []byte { return append([]byte("Certificate Request:\n"), csrFor()...) },
	"new":                  func() []byte { return bytes.ReplaceAll(csrFor(), []byte("CERT"), []byte("NEW CERT")) },
	"long":                 func() []byte { return append(csrFor(), bytes.Repeat([]byte("\n"), 64<<10)...) },
	"der":                  func() []byte { return derOf(csrFor()) },
	"wrong-signature": func() []byte {
		der := derOf(csrFor())
		der = bytes.Replace(der, []byte("carol"), []byte("admin"), 1)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	},
}

func csrFor(extensions ...pkix.Extension) []byte {
	return csrOf(pkix.Name{CommonName: "carol", Organization: []string{"viewers"}}, extensions...)
}

func csrOf(subject pkix.Name, extensions ...pkix.Extension) []byte {
	template := &x509.CertificateRequest{Subject: subject, ExtraExtensions: extensions}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, newKey())
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func derOf(text []byte) []byte {
	block, _ := pem.Decode(text)
	return block.Bytes
}

// ext is the extension 2.5.29.last.
func ext(last int, critical bool, value ...byte) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, last}, Critical: critical, Value: value}
}
