// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// shortFault is a cluster that does not give what it is asked for.
type shortFault struct {
	name   string
	broken func(*testing.T, shorts)
	says   string // in the error
	is     error  // nil: see says
}

func shortFaults() []shortFault {
	fault := func(f apitest.Fault) func(*testing.T, shorts) {
		return func(_ *testing.T, s shorts) { s.signing.Break(f) }
	}
	edit := func(f func(*x509.Certificate)) func(*testing.T, shorts) { return fault(apitest.Fault{Edit: f}) }
	return []shortFault{
		{"never signs", fault(apitest.Fault{Never: true}), "has approved the request for a certificate (kubectl-magnum-", nil},
		{"denies", fault(apitest.Fault{Deny: true}), "was denied (Policy: no certificates on Thursdays)", nil},
		{"fails", fault(apitest.Fault{Fail: true}), "failed at its signer (SignerValidationFailure: it does not like it)", nil},
		{"may not ask", fault(apitest.Fault{Refuse: "create"}), "refuses to take a request for a certificate (403): certificatesigningrequests is forbidden", nil},
		{"may not approve", fault(apitest.Fault{Refuse: "approve"}), "refuses to approve a request for a certificate (403): certificatesigningrequests is forbidden", nil},
		{"may not look", fault(apitest.Fault{Refuse: "watch"}), "refuses to show a request for a certificate (403): certificatesigningrequests is forbidden", nil},
		{"another signer", func(t *testing.T, s shorts) {
			cert, key := pkitest.NewCA(t, "prod", time.Now()).PEM(t)
			ca, err := tls.X509KeyPair(cert, key)
			if err != nil {
				t.Fatal(err)
			}
			s.signing.Break(apitest.Fault{CA: &ca})
		}, "the API server's answer is refused", pki.ErrOtherCA},
		{"another key", func(t *testing.T, s shorts) {
			key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			s.signing.Break(apitest.Fault{Key: key.Public()})
		}, "the API server's answer is refused", pki.ErrOtherKey},
		{"a longer life", edit(func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(1, 0, 0) }), "", credential.ErrTooLong},
		{"another name", edit(func(c *x509.Certificate) { c.Subject.CommonName = "bob" }), "", pki.ErrOtherName},
		{"another group", edit(func(c *x509.Certificate) { c.Subject.Organization = []string{"system:masters"} }), "", pki.ErrOtherName},
		{"a server's", edit(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "", pki.ErrUsage},
		{"a CA", edit(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }), "", pki.ErrIsCA},
		{"ended", edit(func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(time.Minute) }), "", pki.ErrExpired},
		{"forbids at length", fault(apitest.Fault{Refuse: "create", Long: true}), "certificatesigningrequests is forbidden!", nil},
		{"deletes", fault(apitest.Fault{Events: []string{`{"type":"DELETED","object":{}}`}}), "was denied (Deleted: somebody has deleted it)", nil},
		{"watched in HTML", fault(apitest.Fault{Events: []string{"<html>"}}), "", apiserver.ErrNotKubernetes},
		{"no JSON", fault(apitest.Fault{Answer: "<html>"}), "", apiserver.ErrNotKubernetes},
		{"no name", fault(apitest.Fault{Answer: `{"metadata":{"name":"../../secrets"}}`}), "", apiserver.ErrNotKubernetes},
		{"elsewhere", fault(apitest.Fault{Redirect: "https://127.0.0.1:1/"}), "refuses to take a request for a certificate (307)", nil},
		{"too old", func(_ *testing.T, s shorts) { s.api.Sign(s.ca()); s.api.Answer(notFoundBelow("/apis/")) }, "(404)", nil},
	}
}

// notFoundBelow answers 404 there and 403 elsewhere, as for somebody who is known.
func notFoundBelow(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) {
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

// ca is what its API server signs with, and the clock it goes by.
func (s shorts) ca() (ca, key []byte, now func() time.Time) {
	ca, key = s.cloud.CA("prod")
	return ca, key, s.now
}

func (f shortFault) check(t *testing.T, err error) {
	t.Helper()
	switch {
	case err == nil:
		t.Fatal("it is taken")
	case f.is != nil && !errors.Is(err, f.is), !strings.Contains(err.Error(), f.says), strings.Contains(err.Error(), "\n"), len(err.Error()) > 600:
		t.Errorf("got %v", err)
	}
}

// No call hands out, nor keeps, what the cluster should not have answered.
func TestRefusedShortLivedCertificates(t *testing.T) {
	t.Parallel()
	for _, test := range shortFaults() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			s.forget()
			test.broken(t, s)
			start := time.Now()
			got := s.ask()
			test.check(t, got.err)
			if took := time.Since(start); took > plugin.CredentialDeadline {
				t.Errorf("it took %s", took)
			}
			if s.kept() != nil {
				t.Error("something is kept")
			}
		})
	}
}

// config finds out before it writes anything.
func TestConfigOfAClusterWithoutShortLivedCertificates(t *testing.T) {
	t.Parallel()
	for _, test := range shortFaults() {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newUnsigned(t)
			test.broken(t, s)
			r := s.request()
			_, err := s.Config(t.Context(), r)
			test.check(t, err)
			var none *plugin.NotShortLivedError
			if !errors.As(err, &none) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(r.Paths.Explicit); err == nil || s.kept() != nil {
				t.Error("something is written")
			}
		})
	}
}

// An API server that says nothing costs a bounded time.
func TestShortLivedCertificateOfASilentServer(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]func(shorts){
		"mute":           func(s shorts) { s.api.Stall(true) },
		"mute at /apis/": func(s shorts) { s.api.Answer(muteBelow("/apis/")) },
		"hangs up":       func(s shorts) { s.api.Refuse(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			s.forget()
			silent(s)
			start := time.Now()
			got := s.askAs(s.newClient(), 6*time.Second)
			var unreachable *apiserver.UnreachableError
			if !errors.As(got.err, &unreachable) || time.Since(start) > 10*time.Second {
				t.Errorf("got %v after %s", got.err, time.Since(start))
			}
			if s.kept() != nil {
				t.Error("something is kept")
			}
		})
	}
}

// Nor does it hold up config, which has no deadline of its own.
func TestConfigOfASilentServer(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]func(shorts){
		"mute":           func(s shorts) { s.api.Stall(true) },
		"mute at /apis/": func(s shorts) { s.api.Answer(muteBelow("/apis/")) },
		"byte by byte":   func(s shorts) { s.api.Answer(trickle) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newUnsigned(t)
			silent(s)
			_, err := s.config()
			var unreachable *apiserver.UnreachableError
			if !errors.As(err, &unreachable) || s.kept() != nil {
				t.Errorf("got %v", err)
			}
		})
	}
}

// trickle answers without an end.
func trickle(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write([]byte(" ")); err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// A watch that ends early, or says something else first, is no reason to give up.
func TestWatchesThatEndEarly(t *testing.T) {
	t.Parallel()
	for name, said := range map[string][]string{
		"nothing":  {"", ""},
		"bookmark": {`{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}`},
		"error":    {`{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}`},
		"half":     {`{"type":"MODIF`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShorts(t)
			s.forget()
			s.signing.Break(apitest.Fault{Events: said})
			s.isShort(s.good())
		})
	}
}

func muteBelow(path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) {
			<-r.Context().Done()
		}
	}
}
