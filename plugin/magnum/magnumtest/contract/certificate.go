// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 5280, 4.2.1.2: key identifiers are SHA-1 of the key
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pem is the member of that name of an answer.
func (r reply) pem() string {
	var body struct{ PEM string }
	_ = json.Unmarshal(r.body, &body) // no JSON has no pem
	return body.PEM
}

func (r reply) certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(r.pem() + "\n"))
	if block == nil || len(rest) > 0 {
		t.Fatalf("pem of %s", r.body)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// showCertificate compares a certificate with the one on record.
func (a *asker) showCertificate(name string, r reply) {
	a.t.Helper()
	a.t.Run(name, func(t *testing.T) {
		a.answers.compare(t, a.title+": "+name, describeCertificate(t, r))
	})
}

// describeCertificate is a certificate as text, without what is random in it.
func describeCertificate(t *testing.T, r reply) string {
	t.Helper()
	cert := r.certificate(t)
	checkDates(t, cert, r.header)
	var b strings.Builder
	fmt.Fprintf(&b, "subject %s\n", describeName(t, cert.RawSubject))
	fmt.Fprintf(&b, "issuer %s\n", describeName(t, cert.RawIssuer))
	fmt.Fprintf(&b, "version %d, %s, signed with %s\n", cert.Version, cert.PublicKeyAlgorithm, cert.SignatureAlgorithm)
	fmt.Fprintf(&b, "good for %.0f days\n", cert.NotAfter.Sub(cert.NotBefore).Hours()/24)
	for _, e := range cert.Extensions {
		critical := ""
		if e.Critical {
			critical = ", critical"
		}
		fmt.Fprintf(&b, "extension %s%s: %s\n", e.Id, critical, describeExtension(t, cert, e))
	}
	return b.String()
}

// checkDates allows for a Magnum whose time zone is not UTC: it writes local
// time as if it were.
func checkDates(t *testing.T, cert *x509.Certificate, h http.Header) {
	t.Helper()
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		t.Fatal(err)
	}
	if age := date.Sub(cert.NotBefore); age < 9*time.Hour || age > 38*time.Hour {
		t.Errorf("good since %v before it was asked for", age)
	}
	if bits := cert.SerialNumber.BitLen(); bits > 128 || bits < 64 {
		t.Errorf("a serial number of %d bits", bits)
	}
}

// describeName keeps the order of a name's parts and the types of its strings.
func describeName(t *testing.T, der []byte) string {
	t.Helper()
	var rdns []asn1.RawValue
	if _, err := asn1.Unmarshal(der, &rdns); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, rdn := range rdns {
		var values []string
		for rest := rdn.Bytes; len(rest) > 0; {
			var attribute struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			var err error
			if rest, err = asn1.Unmarshal(rest, &attribute); err != nil {
				t.Fatal(err)
			}
			values = append(values, fmt.Sprintf("%s=%s(tag %d)", attribute.Type, attribute.Value.Bytes, attribute.Value.Tag))
		}
		parts = append(parts, strings.Join(values, "+"))
	}
	return strings.Join(parts, ", ")
}

var oidSubjectKeyID = asn1.ObjectIdentifier{2, 5, 29, 14}

func describeExtension(t *testing.T, cert *x509.Certificate, e pkix.Extension) string {
	t.Helper()
	if !e.Id.Equal(oidSubjectKeyID) {
		return fmt.Sprintf("%x", e.Value)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		t.Fatal(err)
	}
	sum := sha1.Sum(info.Key.Bytes) //nolint:gosec // see the import
	if !bytes.Equal(sum[:], cert.SubjectKeyId) {
		return fmt.Sprintf("%x, not the key's SHA-1", cert.SubjectKeyId)
	}
	return "the key's SHA-1"
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
