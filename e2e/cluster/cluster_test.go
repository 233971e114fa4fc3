// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
)

func TestServesUnderTheGivenCA(t *testing.T) {
	first, second := newCA(t), newCA(t)
	c := start(t, first)
	if err := handshake(c, first); err != nil {
		t.Errorf("under its CA: %v", err)
	}
	if err := handshake(c, second); err == nil {
		t.Error("another CA of the same name verifies the serving certificate")
	}

	if err := c.Serve(second); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for handshake(c, second) != nil {
		if time.Now().After(deadline) {
			t.Fatalf("the new CA is not served: %v", handshake(c, second))
		}
	}
	if err := handshake(c, first); err == nil {
		t.Error("the old CA still verifies the serving certificate")
	}
}

func TestTrustsTheGivenCA(t *testing.T) {
	first, second := newCA(t), newCA(t)
	c := start(t, first)
	if got := status(t, c); got != http.StatusOK {
		t.Fatalf("an administrator of the CA gets %d", got)
	}
	if err := c.Trust(first, second); err != nil {
		t.Fatal(err)
	}
	if got := status(t, c); got != http.StatusOK {
		t.Errorf("with both CAs trusted, an administrator of the first gets %d", got)
	}
	if err := c.Trust(second); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for status(t, c) != http.StatusUnauthorized {
		if time.Now().After(deadline) {
			t.Fatalf("the first CA, no longer trusted, still gives %d", status(t, c))
		}
	}
}

func TestSwitchIsDoneWhenItReturns(t *testing.T) {
	first, second := newCA(t), newCA(t)
	c := start(t, first)
	former := c.admin
	if err := c.Switch(t.Context(), first, second); err != nil {
		t.Fatal(err)
	}
	if err := handshake(c, first); err != nil {
		t.Errorf("clients alone were switched: %v", err)
	}
	if got, _ := c.ask(t.Context(), former, http.MethodGet, "/api/v1/namespaces", nil); got != http.StatusUnauthorized {
		t.Errorf("a client of the CA before gets %d", got)
	}
	if err := c.CreateConfigMap(t.Context(), "by-the-new-admin"); err != nil {
		t.Error(err)
	}
	if err := c.Rotate(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := handshake(c, second); err != nil {
		t.Errorf("rotated: %v", err)
	}
	if err := handshake(c, first); err == nil {
		t.Error("rotated: the old CA still verifies the serving certificate")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Rotate(ctx, newCA(t)); err == nil {
		t.Error("a switch that nobody waits for claims to be done")
	}
}

func TestStartTellsWhyItFailed(t *testing.T) {
	programs := build(t)
	_, err := Start(t.Context(), Options{Etcd: programs.APIServer, APIServer: programs.APIServer, CA: newCA(t)})
	if err == nil || !strings.Contains(err.Error(), "kube-apiserver ended; its last words:") {
		t.Errorf("got %v, want the program's last words", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Etcd: programs.Etcd, APIServer: programs.APIServer, CA: newCA(t)}); err == nil {
		t.Error("started although the caller had given up")
	}
}

func start(t *testing.T, ca CA) *Cluster {
	t.Helper()
	programs := build(t)
	c, err := Start(t.Context(), Options{Etcd: programs.Etcd, APIServer: programs.APIServer, CA: ca})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func build(t *testing.T) binaries.Kubernetes {
	t.Helper()
	programs, err := binaries.BuildKubernetes(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

// status is what an administrator of the CA that c started with is answered.
func status(t *testing.T, c *Cluster) int {
	t.Helper()
	answer, err := c.admin.Get(c.Server() + "/api/v1/namespaces")
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

func handshake(c *Cluster, ca CA) error {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.Certificate)
	conn, err := tls.Dial("tcp", strings.TrimPrefix(c.Server(), "https://"), &tls.Config{RootCAs: pool})
	if err != nil {
		return err
	}
	return conn.Close()
}

func newCA(t *testing.T) CA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "prod"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return CA{
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
}
