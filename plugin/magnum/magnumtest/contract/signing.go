// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"crypto/x509"
	"net/http"
	"strings"
	"testing"
)

const certificates = "/v1/certificates"

// sign asks for a certificate and compares the answer and, if there is one,
// the certificate.
func (a *asker) sign(name, as, cluster, csr string) {
	a.t.Helper()
	a.signWith(name, as, object{"cluster_uuid": cluster, "csr": csr})
}

func (a *asker) signWith(name, as string, body any) {
	a.t.Helper()
	q := question{name: name, method: http.MethodPost, path: certificates, as: as, header: latest, body: body}
	a.t.Run(name, func(t *testing.T) {
		r := a.send(t, q)
		more := ""
		if r.status == http.StatusCreated {
			more = describeCertificate(t, r)
		}
		a.compare(t, q, r, more)
	})
}

func askSigning(a *asker) {
	for _, c := range requests(a.t) {
		a.sign(c.name, "alice", "prod", c.csr)
	}
	p256 := newCSR(a.t, csr{})
	a.sign("text around it, CRLF", "alice", "prod", "hello\r\n"+strings.ReplaceAll(p256, "\n", "\r\n")+"bye")
	a.sign("no newline at the end", "alice", "prod", strings.TrimSpace(p256))
	a.sign("another request after it", "alice", "prod", p256+newCSR(a.t, csr{cn: "mallory"}))
	a.signWith("by UUID", "alice", object{"cluster_uuid": a.id("<prod>"), "csr": p256})
	a.signWith("by bay_uuid", "alice", object{"bay_uuid": "prod", "csr": p256})
	for _, kind := range []string{"etcd", "front-proxy", "kubernetes", "bogus"} {
		a.signWith("ca_cert_type "+kind, "alice", object{"cluster_uuid": "prod", "csr": p256, "ca_cert_type": kind})
	}
	for _, cluster := range []string{"notls", "building", "failed"} {
		a.sign(cluster, "alice", cluster, p256)
	}
	for _, cloud := range []string{"bob", "reader", "admin", "admin-demo", "alice-appcred", "alice-appcred-limited"} {
		a.sign("as "+cloud, cloud, "prod", p256)
	}
	a.t.Run("verifies under the CA", func(t *testing.T) {
		next := a.section(t, a.title)
		signed := next.quietly(http.MethodPost, certificates, "alice", object{"cluster_uuid": "prod", "csr": p256})
		next.checkSignature(t, signed, next.quietly(http.MethodGet, certificates+"/prod", "alice", nil))
	})
}

func (a *asker) checkSignature(t *testing.T, signed, ca reply) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate(t))
	options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if _, err := signed.certificate(t).Verify(options); err != nil {
		t.Error(err)
	}
}

func askRefusals(a *asker) {
	p256 := newCSR(a.t, csr{})
	const armour = "-----BEGIN CERTIFICATE REQUEST-----\n%-----END CERTIFICATE REQUEST-----\n"
	for _, c := range [][2]string{
		{"garbage", "garbage"},
		{"empty", ""},
		{"quotes", `it's "so"`},
		{"one kind of quotes", "it's"},
		{"control characters", "a\tb\rc\x01\x7f\\"},
		{"armour around nothing", strings.Replace(armour, "%", "", 1)},
		{"armour around junk", strings.Replace(armour, "%", "AAAA\n", 1)},
		{"beyond latin-1", "\u00e9\u4e2d"},
		{"beyond the first plane", "a\U0001f600"},
		{"latin-1", "caf\u00e9"},
	} {
		a.sign(c[0], "alice", "prod", c[1])
	}
	a.sign("a certificate", "alice", "prod", a.quietly(http.MethodGet, certificates+"/prod", "alice", nil).pem())
	for _, cluster := range []string{"ghost", ghost, "twin", "a b"} {
		a.sign("cluster "+cluster, "alice", cluster, p256)
	}
	a.sign("failed cluster, garbage", "alice", "failed", "garbage")
	a.signWith("no csr", "alice", object{"cluster_uuid": "prod"})
	a.signWith("no csr, as bob", "bob", object{"cluster_uuid": "prod"})
	a.signWith("no cluster", "alice", object{"csr": p256})
	a.signWith("cluster null", "alice", object{"csr": p256, "cluster_uuid": nil})
	a.signWith("unknown field", "alice", object{"cluster_uuid": "prod", "csr": p256, "zz": 1})
	a.signWith("csr a number", "alice", object{"cluster_uuid": "prod", "csr": 1})
	a.signWith("not JSON", "alice", "{")
	a.signWith("a list", "alice", "[]")
	a.signWith("null", "alice", "null")
	a.signWith("empty body", "alice", "")
	q := question{name: "text", method: http.MethodPost, path: certificates, as: "alice", body: "x"}
	q.header = map[string]string{"Content-Type": "text/plain"}
	a.ask(q)
	q.name, q.body = "charset", object{"cluster_uuid": "ghost", "csr": "x"}
	q.header = map[string]string{"Content-Type": "application/json; charset=utf-8"}
	a.ask(q)
}

func askProjectPolicy(a *asker) {
	p256 := newCSR(a.t, csr{})
	for _, cloud := range []string{"alice", "bob", "reader", "admin", "admin-demo"} {
		a.get("CA as "+cloud, certificates+"/prod", cloud)
		a.sign("sign as "+cloud, cloud, "prod", p256)
	}
	for _, cloud := range []string{"reader", "bob"} {
		q := question{name: "rotate as " + cloud, method: http.MethodPatch, path: certificates + "/dev", as: cloud}
		a.ask(q)
	}
}
