// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

type worldKey struct{}

// world is what is outside of the program.
type world struct {
	cloud *magnumtest.Server
	api   *apitest.Server
	// keyring is the user's; nil if a script has none.
	keyring *secretservicetest.Server

	signing *apitest.Signing // by api; nil if it signs nothing

	counted int // requests to api that a script has looked at

	ahead atomic.Int64 // of this machine's clock, the cloud's; a time.Duration

	nodes  atomic.Pointer[string] // what they do in a rotation, see cmdNodes
	follow sync.Once
	closed atomic.Bool
}

// newWorld starts a cloud and the API server of its cluster prod. Rotations end
// when a script says so.
func newWorld() *world {
	w := &world{api: apitest.New()}
	w.cloud = magnumtest.New(magnumtest.Options{ProdAPI: w.api.URL, RotateAfter: -1, Now: w.now})
	ca, key := w.cloud.CA("prod")
	w.api.Serve(ca, key)
	w.api.Trust(ca)
	return w
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) close() {
	w.closed.Store(true)
	w.api.Close()
	w.cloud.Close()
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
	if response.StatusCode != 200 {
		return fmt.Errorf("the API server answers %d", response.StatusCode)
	}
	fmt.Printf("%d %s", response.StatusCode, body[:n])
	return nil
}

func newRequest(host string) (*http.Request, error) {
	return http.NewRequestWithContext(context.Background(), http.MethodGet, host, nil)
}

// kubeconfigCA embeds the CA of a file in the cluster of a context, as a user
// might: kubeconfigca CONTEXT FILE.
func kubeconfigCA() {
	if err := kubeconfigCARun(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "kubeconfigca:", err)
		os.Exit(1)
	}
}

func kubeconfigCARun(context, file string) error {
	ca, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	options := clientcmd.NewDefaultPathOptions()
	config, err := options.GetStartingConfig()
	if err != nil {
		return err
	}
	cluster := config.Clusters[config.Contexts[context].Cluster]
	cluster.CertificateAuthority, cluster.CertificateAuthorityData = "", ca
	return clientcmd.ModifyConfig(options, *config, true)
}

// strangerCA is a CA of prod's name that Magnum knows nothing of.
func strangerCA() []byte {
	key := newKey()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "prod"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
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

func (d dirStore) Put(_ context.Context, key string, data []byte, _ time.Duration) error {
	if _, err := os.Stat(filepath.Join(string(d), "broken")); err == nil {
		return cache.ErrUnavailable
	}
	if _, err := os.Stat(filepath.Join(string(d), "full")); err == nil {
		return fmt.Errorf("%w: %w", cache.ErrUnavailable, cache.ErrFull)
	}
	return os.WriteFile(filepath.Join(string(d), key), data, 0o600)
}

func (d dirStore) Delete(_ context.Context, key string) error {
	err := os.Remove(filepath.Join(string(d), key))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (d dirStore) Keys(context.Context) ([]string, error) {
	files, err := os.ReadDir(string(d))
	var keys []string
	for _, f := range files {
		keys = append(keys, f.Name())
	}
	return keys, err
}

func (d dirStore) Clear(ctx context.Context) error {
	keys, err := d.Keys(ctx)
	for _, key := range keys {
		err = errors.Join(err, d.Delete(ctx, key))
	}
	return err
}
