// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func certificatePEM(k *keystone) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.Certificate().Raw}))
}

// TestCACert: the cloud's own, the variable's, the flag's; each where it is said to be.
func TestCACert(t *testing.T) {
	k := newKeystone(t, tlsServer)
	dir := t.TempDir()
	good := write(t, filepath.Join(dir, "good.pem"), certificatePEM(k))
	broken := write(t, filepath.Join(dir, "broken.pem"), "nothing")
	other, _ := keyPair(t)
	write(t, filepath.Join(dir, "other.pem"), other)
	for _, test := range []struct {
		name, more, env, flag string
		ok                    bool
	}{
		{"absolute", "    cacert: " + good, "", "", true},
		{"beside clouds.yaml, wherever we are", "    cacert: good.pem", "", "", true},
		{"the variable before the cloud's", "    cacert: broken.pem", good, "", true},
		{"the flag before the variable", "    cacert: broken.pem", broken, "~/good.pem", true},
		{"none", "", "", "", false},
		{"another CA", "    cacert: other.pem", "", "", false},
		{"verify: false", "    verify: false\n    cacert: nowhere.pem", "", "", true},
		{"insecure", "    insecure: true", "", "", true},
		{"no certificate in it", "    cacert: broken.pem", "", "", false},
		{"no such file", "    cacert: nowhere.pem", "", "", false},
		{"OS_INSECURE is not about a named cloud", "", "insecure", "", false},
	} {
		vars := map[string]string{"OS_CACERT": test.env}
		if test.env == "insecure" {
			vars = map[string]string{"OS_INSECURE": "true"}
		}
		cloud, err := Resolve(Options{
			Cloud: "prod", CACert: test.flag, Getenv: env(vars), Home: dir,
			File: write(t, filepath.Join(dir, "clouds.yaml"), alice(k.URL, test.more)),
		})
		if _, ok := errors.AsType[*ConfigError](err); ok != strings.Contains(test.name, "no ") {
			t.Errorf("%s: %v", test.name, err)
		}
		if err == nil {
			_, err = cloud.Connect(t.Context(), "test")
		}
		if ok := err == nil; ok != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
		fromOutside := (test.flag != "" || test.env == good) && err == nil
		if want := map[bool]string{true: good}[fromOutside]; cloud.CACert != want {
			t.Errorf("%s: CACert is %q, want %q", test.name, cloud.CACert, want)
		}
	}
}

// TestVerified: a session whose answers may be anybody's says so.
func TestVerified(t *testing.T) {
	const secure, insecure = false, true
	for _, test := range []struct {
		keystone, magnum string
		insecure, want   bool
	}{
		{"https://k/v3", "https://m/v1/", secure, true},
		{"https://k/v3", "https://m/v1/", insecure, false},
		{"https://k/v3", "http://m/v1/", secure, false},
		{"http://k/v3", "https://m/v1/", secure, false},
		{"http://127.0.0.1:5000/v3", "http://127.3.2.1/v1/", secure, true},
		{"http://[::1]:5000/v3", "http://localhost/v1/", secure, true},
		{"http://192.0.2.1/v3", "https://m/v1/", secure, false},
		{"http://127.0.0.1.example/v3", "https://m/v1/", secure, false},
		{"http://localhost.example/v3", "https://m/v1/", secure, false},
		{"http://127.0.0.1:5000/v3", "https://m/v1/", insecure, false},
	} {
		endpoint, err := url.Parse(test.magnum)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Cloud{AuthURL: test.keystone, Insecure: test.insecure}).verified(endpoint); got != test.want {
			t.Errorf("%s, %s, insecure %v: %v", test.keystone, test.magnum, test.insecure, got)
		}
	}
	k := newKeystone(t, tlsServer)
	session, err := connect(t.Context(), t, k, "    verify: false")
	if err != nil || session.Verified() {
		t.Errorf("verified with verify: false, %v", err)
	}
}

// TestOldTLS: a server that cannot do TLS 1.2 gets no password.
func TestOldTLS(t *testing.T) {
	k := newKeystone(t, func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		return s
	})
	_, err := connect(t.Context(), t, k, "    verify: false")
	if _, ok := errors.AsType[*UnreachableError](err); !ok || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("the error is %v", err)
	}
}

func TestClientCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := keyPair(t)
	write(t, filepath.Join(dir, "cert.pem"), cert)
	write(t, filepath.Join(dir, "key.pem"), key)
	write(t, filepath.Join(dir, "both.pem"), cert+key)
	k := newKeystone(t, func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		return s
	})
	for more, want := range map[string]bool{
		"    cert: cert.pem\n    key: key.pem":  true,
		"    cert: both.pem":                    true,
		"    cert: cert.pem":                    false,
		"    cert: cert.pem\n    key: none.pem": false,
		"":                                      false,
	} {
		cloud, err := Resolve(Options{
			Cloud: "prod", Getenv: noEnv,
			File: write(t, filepath.Join(dir, "clouds.yaml"), alice(k.URL, "    verify: false\n"+more)),
		})
		if err == nil {
			_, err = cloud.Connect(t.Context(), "test")
		}
		if got := err == nil; got != want {
			t.Errorf("%q: %v", more, err)
		}
	}
}

func keyPair(t *testing.T) (certPEM, keyPEM string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
