// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

var (
	now   = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	alice = pki.Subject{CommonName: "alice", Organizations: []string{"system:masters"}}
)

func TestCheckClient(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", now)
	key := pkitest.NewKey(t)
	for _, test := range []struct {
		name string
		edit func(*x509.Certificate)
		want error
	}{
		{"what was asked for", nil, nil},
		{"any usage", func(c *x509.Certificate) { c.ExtKeyUsage = nil }, nil},
		{"expired", func(c *x509.Certificate) { c.NotAfter = now }, pki.ErrExpired},
		{"valid in a minute", func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }, nil},
		{"not yet valid", func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute + time.Second) }, pki.ErrNotYetValid},
		{"a CA", func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }, pki.ErrIsCA},
		{"another user", func(c *x509.Certificate) { c.Subject.CommonName = "admin" }, pki.ErrOtherName},
		{"another group", func(c *x509.Certificate) { c.Subject.Organization = []string{"viewers"} }, pki.ErrOtherName},
		{"one group more", func(c *x509.Certificate) { c.Subject.Organization = []string{"system:masters", "x"} }, pki.ErrOtherName},
		{"a server's", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, pki.ErrUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cert := ca.Client(t, key.Public(), now, test.edit)
			if err := pki.CheckClient(cert, &key.PublicKey, alice, now); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestCheckClientRefusesAnotherKey(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", now)
	cert := ca.Client(t, pkitest.NewKey(t).Public(), now, nil)
	if err := pki.CheckClient(cert, &pkitest.NewKey(t).PublicKey, alice, now); !errors.Is(err, pki.ErrOtherKey) {
		t.Errorf("got %v", err)
	}
}

// A rotated CA has the old one's name: only the signature tells them apart.
func TestSignedByComparesSignatures(t *testing.T) {
	t.Parallel()
	before, after := pkitest.NewCA(t, "prod", now), pkitest.NewCA(t, "prod", now)
	cert := before.Client(t, pkitest.NewKey(t).Public(), now, nil)
	if err := pki.SignedBy(cert, before.Certificate); err != nil {
		t.Errorf("its own CA: %v", err)
	}
	if err := pki.SignedBy(cert, after.Certificate); !errors.Is(err, pki.ErrOtherCA) {
		t.Errorf("the CA of the same name: got %v", err)
	}
	if err := pki.SignedBy(cert, cert); !errors.Is(err, pki.ErrOtherCA) {
		t.Errorf("a client's certificate as CA: got %v", err)
	}
}

func TestCheckCA(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", now)
	if err := pki.CheckCA(ca.Certificate, now); err != nil {
		t.Errorf("good CA: %v", err)
	}
	if err := pki.CheckCA(ca.Certificate, now.Add(2*365*24*time.Hour)); !errors.Is(err, pki.ErrExpired) {
		t.Errorf("expired CA: got %v", err)
	}
	if err := pki.CheckCA(ca.Client(t, pkitest.NewKey(t).Public(), now, nil), now); err == nil {
		t.Error("a client's certificate stands as a CA")
	}
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	ca := pkitest.NewCA(t, "prod", now)
	good := string(pki.MarshalCertificate(ca.Certificate))
	for name, test := range map[string]struct {
		text string
		ok   bool
	}{
		"as Magnum sends it":   {strings.TrimSpace(good), true},
		"with a final newline": {good, true},
		"empty":                {"", false},
		"garbage":              {"garbage", false},
		"two":                  {good + good, false},
		"text before":          {"x\n" + good, false},
		"text after":           {good + "x", false},
		"another block":        {strings.ReplaceAll(good, "CERTIFICATE", "PRIVATE KEY"), false},
		"a header":             {strings.Replace(good, "-----\n", "-----\nA: b\n\n", 1), false},
		"empty block":          {"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", false},
		"cut short":            {good[:len(good)/2], false},
	} {
		cert, err := pki.ParseCertificate([]byte(test.text))
		if (err == nil) != test.ok || err != nil && !errors.Is(err, pki.ErrMalformed) {
			t.Errorf("%s: got error %v", name, err)
		}
		if err == nil && !cert.Equal(ca.Certificate) {
			t.Errorf("%s: got another certificate", name)
		}
	}
}
