// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// kubeconfig is what this test reads of one.
type kubeconfig struct {
	Clusters []struct {
		Cluster struct {
			Server string `yaml:"server"`
			CA     string `yaml:"certificate-authority-data"`
		} `yaml:"cluster"`
	} `yaml:"clusters"`
	Users []struct {
		User struct {
			Certificate string `yaml:"client-certificate-data"`
			Key         string `yaml:"client-key-data"`
		} `yaml:"user"`
	} `yaml:"users"`
}

// identity is a client: what it trusts, and who it is.
type identity struct {
	roots *x509.CertPool
	pair  tls.Certificate
}

// load reads a kubeconfig of a node as it is now.
func (n *node) load(name string) (identity, error) {
	data, err := os.ReadFile(n.path(name))
	if err != nil {
		return identity{}, err
	}
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil {
		return identity{}, err
	}
	if len(k.Clusters) != 1 || len(k.Users) != 1 {
		return identity{}, fmt.Errorf("%s has %d clusters and %d users", name, len(k.Clusters), len(k.Users))
	}
	var texts [3][]byte
	for i, field := range []string{k.Clusters[0].Cluster.CA, k.Users[0].User.Certificate, k.Users[0].User.Key} {
		if texts[i], err = base64.StdEncoding.DecodeString(field); err != nil {
			return identity{}, err
		}
	}
	id := identity{roots: x509.NewCertPool()}
	if !id.roots.AppendCertsFromPEM(texts[0]) {
		return identity{}, fmt.Errorf("%s: no CA", name)
	}
	id.pair, err = tls.X509KeyPair(texts[1], texts[2])
	return id, err
}

// client is a client on a new connection.
func (id identity) client(serverName string) *http.Client {
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
			RootCAs: id.roots, Certificates: []tls.Certificate{id.pair}, ServerName: serverName, MinVersion: tls.VersionTLS12,
		}},
	}
}

// get asks the API server of one node as a kubeconfig of another one, or of
// the same, on a new connection.
func get(ctx context.Context, of *node, name string, at *node, path string) ([]byte, error) {
	return do(ctx, of, name, at, http.MethodGet, path, nil)
}

func do(ctx context.Context, of *node, name string, at *node, method, path string, body any) ([]byte, error) {
	id, err := of.load(name)
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, at.port.URL()+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/merge-patch+json")
	}
	response, err := id.client("").Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = &statusError{response.StatusCode, string(answer)}
	}
	return answer, err
}

// statusError is an answer that says no.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return fmt.Sprintf("%d %s", e.code, e.text) }

// eventually tries until it works; a minute is how long the API server may take
// to notice that files are others.
func eventually(t *testing.T, what string, f func() error) {
	t.Helper()
	const patience, pause = 2 * time.Minute, 100 * time.Millisecond
	end := time.Now().Add(patience)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s: not after %s: %v", what, patience, err)
		}
		time.Sleep(pause)
	}
}
