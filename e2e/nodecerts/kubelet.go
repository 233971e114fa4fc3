// SPDX-License-Identifier: Apache-2.0

package nodecerts

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
)

// kubelet stands in for one: a server with the node's certificate that takes
// clients of the node's CAs only. Like kubelet it reads both files again.
type kubelet struct {
	port int
	mu   sync.Mutex
	seen string // the last client
}

func startKubelet(t *testing.T, n *node) *kubelet {
	t.Helper()
	k := &kubelet{}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		pair, err := tls.LoadX509KeyPair(n.path("pki/kubelet.crt"), n.path("pki/kubelet.key"))
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(n.path("pki/ca.crt"))
		if err != nil {
			return nil, err
		}
		cas := x509.NewCertPool()
		if !cas.AppendCertsFromPEM(data) {
			return nil, errors.New("no CA")
		}
		return &tls.Config{
			Certificates: []tls.Certificate{pair}, ClientCAs: cas, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
		}, nil
	}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	k.port, _ = strconv.Atoi(port)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.mu.Lock()
		k.seen = r.TLS.PeerCertificates[0].Subject.String()
		k.mu.Unlock()
		fmt.Fprintf(w, "kubelet of %s\n", n.name)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return k
}

func (k *kubelet) lastClient() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen
}

// register tells the API server of a node about a kubelet, and of a pod there.
func (w *World) register(t *testing.T, at, of *node) {
	t.Helper()
	type object = map[string]any
	create := func(path string, o object) {
		t.Helper()
		eventually(t, "create "+path, func() error {
			_, err := do(t.Context(), at, "admin.conf", at, http.MethodPost, path, o)
			var refused *statusError
			if errors.As(err, &refused) && refused.code == http.StatusConflict {
				return nil
			}
			return err
		})
	}
	create("/api/v1/nodes", object{"apiVersion": "v1", "kind": "Node", "metadata": object{"name": of.name}})
	status := object{"status": object{
		"addresses":       []object{{"type": "InternalIP", "address": "127.0.0.1"}},
		"daemonEndpoints": object{"kubeletEndpoint": object{"Port": of.kubelet.port}},
	}}
	if _, err := do(t.Context(), at, "admin.conf", at, http.MethodPatch, "/api/v1/nodes/"+of.name+"/status", status); err != nil {
		t.Fatal(err)
	}
	create("/api/v1/namespaces/default/pods", object{
		"apiVersion": "v1", "kind": "Pod", "metadata": object{"name": "on-" + of.name},
		"spec": object{
			"nodeName": of.name, "terminationGracePeriodSeconds": 0, "tolerations": []object{{"operator": "Exists"}},
			"containers": []object{{"name": "c", "image": "i"}},
		},
	})
}

// podLog has the API server of one node ask the kubelet of another.
func podLog(t *testing.T, at, of *node) error {
	t.Helper()
	log, err := get(t.Context(), at, "admin.conf", at, "/api/v1/namespaces/default/pods/on-"+of.name+"/log")
	if err == nil && string(log) != "kubelet of "+of.name+"\n" {
		err = fmt.Errorf("got %q", log)
	}
	return err
}
