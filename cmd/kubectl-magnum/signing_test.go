// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// cmdSigns replaces what Magnum returns for a certificate request.
func cmdSigns(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	edit, ok := signers[args[0]]
	if !ok {
		ts.Fatalf("no way to sign %q", args[0])
	}
	w.cloud.SignWith(edit)
}

var signers = map[string]magnumtest.SignFunc{
	"normally":  nil,
	"other-key": signWith(func(_ *x509.Certificate, s *signing) { s.public = newKey().Public() }),
	"other-ca": signWith(func(_ *x509.Certificate, s *signing) {
		s.key = newKey()
		ca := *s.ca
		ca.PublicKey = s.key.Public()
		s.ca = &ca
	}),
	"expired":     signWith(func(c *x509.Certificate, _ *signing) { c.NotAfter = time.Now().Add(-time.Hour) }),
	"not-yet":     signWith(func(c *x509.Certificate, _ *signing) { c.NotBefore = time.Now().Add(time.Hour) }),
	"ca":          signWith(func(c *x509.Certificate, _ *signing) { c.IsCA, c.BasicConstraintsValid = true, true }),
	"other-name":  signWith(func(c *x509.Certificate, _ *signing) { c.Subject.CommonName = "mallory" }),
	"server-cert": signWith(func(c *x509.Certificate, _ *signing) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
	"garbage": func(*x509.CertificateRequest, *x509.Certificate, crypto.Signer) []byte {
		return []byte("garbage")
	},
}

type signing struct {
	public crypto.PublicKey
	ca     *x509.Certificate
	key    crypto.Signer
}

func signWith(edit func(*x509.Certificate, *signing)) magnumtest.SignFunc {
	return func(csr *x509.CertificateRequest, ca *x509.Certificate, key crypto.Signer) []byte {
		s := &signing{public: csr.PublicKey, ca: ca, key: key}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()),
			Subject:      csr.Subject,
			NotBefore:    time.Now().Add(-24 * time.Hour),
			NotAfter:     time.Now().Add(24 * time.Hour),
			ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
		edit(template, s)
		der, err := x509.CreateCertificate(rand.Reader, template, s.ca, s.public, s.key)
		if err != nil {
			panic(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
}

func newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
