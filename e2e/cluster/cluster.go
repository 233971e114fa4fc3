// SPDX-License-Identifier: Apache-2.0

// Package cluster runs a real Kubernetes API server, and the etcd behind it, on
// loopback for tests. The caller brings the CA, so that a certificate signed by
// Magnum is good there. It runs no kubelet, scheduler or, but for StartSigner,
// controller, keeps
// nothing after Stop, and leaves no process behind even if its own is killed.
// No API stability promise.
package cluster

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// startWithin bounds the start of etcd and the API server together; measured:
// 3 to 6 s on two idle cores.
const startWithin = 2 * time.Minute

// Options say what to start.
type Options struct {
	// Etcd and APIServer are the programs, as package binaries builds them.
	Etcd, APIServer string
	// CA signs the serving certificate and is what clients are trusted by.
	CA CA
	// Flags are more flags of the API server.
	Flags []string
}

// Cluster is a running API server. Its methods may be called concurrently,
// except Stop.
type Cluster struct {
	dir       string
	port      reservedPort
	etcd, api *process
	signer    *process // nil if there is none

	mu               sync.Mutex // of the rest, and held while they change
	admin            *http.Client
	serving, trusted CA
}

// Start starts a cluster and waits until it answers and has its default
// namespace. ctx bounds the start only; Stop ends the cluster.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	c := new(Cluster)
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if c.dir, err = os.MkdirTemp("", "e2e-cluster-"); err != nil {
		return nil, err
	}
	if c.port, err = reservePort(); err != nil {
		return nil, err
	}
	if err := c.writeFiles(o.CA); err != nil {
		return nil, err
	}
	c.serving, c.trusted = o.CA, o.CA
	if c.admin, err = adminClient(o.CA, o.CA); err != nil {
		return nil, err
	}
	c.etcd, err = startProcess(c.path("etcd.log"), o.Etcd, "-data", c.path("etcd"))
	if err != nil {
		return nil, err
	}
	etcdURL, err := c.etcd.firstLine(ctx)
	if err != nil {
		return nil, err
	}
	c.api, err = startProcess(c.path("kube-apiserver.log"), o.APIServer, append(c.apiServerFlags(etcdURL), o.Flags...)...)
	if err != nil {
		return nil, err
	}
	for _, path := range []string{"/readyz", "/api/v1/namespaces/default"} {
		if err := c.waitFor(ctx, path); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Server is the API server's URL.
func (c *Cluster) Server() string { return fmt.Sprintf("https://127.0.0.1:%d", c.port.number) }

// Stop ends the cluster and removes its files. A second call does nothing.
func (c *Cluster) Stop() {
	c.signer.kill()
	c.api.kill()
	c.etcd.kill()
	c.port.release()
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// Log returns what the API server has logged, for a test that failed.
func (c *Cluster) Log() string {
	log, _ := os.ReadFile(c.path("kube-apiserver.log"))
	return string(log)
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *Cluster) apiServerFlags(etcdURL string) []string {
	return []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.port.number),
		"--permit-port-sharing=true", // the port is reserved by a socket of ours
		"--endpoint-reconciler-type=none",
		"--tls-cert-file=" + c.path(servingCert),
		"--tls-private-key-file=" + c.path(servingKey),
		"--client-ca-file=" + c.path(clientCA),
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path(tokenKey),
		"--service-account-signing-key-file=" + c.path(tokenKey),
		"--service-cluster-ip-range=10.96.0.0/24",
		"--profiling=false",
	}
}

// waitFor asks for path until the answer is 200, the API server ends or ctx does.
func (c *Cluster) waitFor(ctx context.Context, path string) error {
	const pause = 50 * time.Millisecond
	var last string
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Server()+path, nil)
		if err != nil {
			return err
		}
		if answer, err := c.admin.Do(request); err != nil {
			last = err.Error()
		} else {
			body, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			last = answer.Status + " " + string(body)
		}
		select {
		case <-c.api.done:
			return c.api.died()
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver does not answer %s: %w: %s", path, ctx.Err(), last)
		case <-time.After(pause):
		}
	}
}

// adminClient is an HTTP client that trusts the server by one CA and is taken
// for an administrator by another. Its key exists in memory only.
func adminClient(server, client CA) (*http.Client, error) {
	pool, err := server.pool()
	if err != nil {
		return nil, err
	}
	leaf, err := client.issue(clientTemplate("e2e-admin", "system:masters"))
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(leaf.Certificate, leaf.Key)
	if err != nil {
		return nil, err
	}
	return &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: pool, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		}},
	}, nil
}
