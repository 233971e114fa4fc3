// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

type worldKey struct{}

// world is what is outside of the program.
type world struct {
	cloud *magnumtest.Server
	api   *httptest.Server
}

// newWorld starts a cloud and the API server of its cluster prod. The API
// server asks for a client certificate of the cluster's CA and says whom it
// saw, as kubectl auth whoami would.
func newWorld() *world {
	api := httptest.NewUnstartedServer(http.HandlerFunc(whoami))
	w := &world{api: api}
	w.cloud = magnumtest.New(magnumtest.Options{ProdAPI: "https://" + api.Listener.Addr().String()})
	ca, key := w.cloud.CA("prod")
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	api.TLS = &tls.Config{
		Certificates: []tls.Certificate{serving(ca, key)},
		ClientCAs:    clients,
		ClientAuth:   tls.VerifyClientCertIfGiven,
		MinVersion:   tls.VersionTLS12,
	}
	api.StartTLS()
	return w
}

func (w *world) close() {
	w.api.Close()
	w.cloud.Close()
}

func whoami(w http.ResponseWriter, r *http.Request) {
	if len(r.TLS.PeerCertificates) == 0 {
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
		return
	}
	who := r.TLS.PeerCertificates[0].Subject
	fmt.Fprintf(w, "%s in %s\n", who.CommonName, strings.Join(who.Organization, ", "))
}

// client is a program that does what kubectl does with a kubeconfig: it runs
// the exec entry of the current context and talks to the cluster.
func client() {
	if err := clientRun(); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func clientRun() error {
	overrides := &clientcmd.ConfigOverrides{}
	if len(os.Args) > 1 {
		overrides.CurrentContext = os.Args[1]
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), overrides).ClientConfig()
	if err != nil {
		return err
	}
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	request, err := newRequest(config.Host)
	if err != nil {
		return err
	}
	response, err := http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body := make([]byte, 200)
	n, _ := response.Body.Read(body)
	fmt.Printf("%d %s", response.StatusCode, body[:n])
	return nil
}

func newRequest(host string) (*http.Request, error) {
	return http.NewRequestWithContext(context.Background(), http.MethodGet, host, nil)
}

// dirStore stands in for a keyring in scripts: records in files, which the
// program itself never does.
type dirStore string

func (dirStore) Name() string { return "test" }

func (d dirStore) Get(_ context.Context, key string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(string(d), key))
	if err != nil {
		return nil, cache.ErrMiss
	}
	return data, nil
}

func (d dirStore) Put(_ context.Context, key string, data []byte) error {
	if _, err := os.Stat(filepath.Join(string(d), "broken")); err == nil {
		return cache.ErrUnavailable
	}
	return os.WriteFile(filepath.Join(string(d), key), data, 0o600)
}

func (d dirStore) Delete(_ context.Context, key string) error {
	return os.Remove(filepath.Join(string(d), key))
}
