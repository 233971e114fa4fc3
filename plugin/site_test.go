// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

const lease = time.Minute

// patience is for an API server that does answer, however busy this machine is.
const patience = time.Minute

// site is a cluster prod with its API server, and a machine that has a context
// for it.
type site struct {
	t     *testing.T
	cloud *magnumtest.Server
	api   *apitest.Server
	store *memory
	*plugin.Plugin

	mu      sync.Mutex
	ahead   time.Duration // by how much the clock is put forward
	clients int           // so far
	trusted []byte        // what clients trust; nil: the CA file

	change func(*plugin.CredentialRequest) // made to each question; nil: none
	broken error                           // what becomes of the answers
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, api: apitest.New(), store: newMemory()}
	t.Cleanup(s.api.Close)
	s.Plugin, s.cloud = newPlugin(t, magnumtest.Options{ProdAPI: s.api.URL, RotateAfter: -1, Now: s.now})
	s.Now, s.Store = s.now, s.store
	s.TestOnlyPatience(patience)
	s.follow()
	r := configProd(t)
	r.Lease, r.MaxAge = lease, time.Hour
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.cloud.ResetRequests()
	return s
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.ahead)
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead += d
}

// stall has the API server answer nobody, who all wait as long as they do.
func (s *site) stall() {
	s.TestOnlyPatience(rotation.ProbeTime)
	s.api.Stall(true)
}

// follow gives the API server the CA that Magnum has.
func (s *site) follow() {
	ca, key := s.cloud.CA("prod")
	s.api.Serve(ca, key)
	s.api.Trust(ca)
}

func (s *site) identity() credential.Identity {
	return credential.Identity{
		Cluster: s.uuid(), Project: s.cloud.ProjectID("demo"), Owner: s.cloud.UserID("alice"),
		User: "alice", Groups: []string{"system:masters"},
	}
}

func (s *site) uuid() string { return s.cloud.ClusterUUID("prod") }

// answer is what a client got.
type answer struct {
	cert    *x509.Certificate // nil if it got nothing
	expires time.Time
	notices []string
	err     error
}

// ask is a question of a new client.
func (s *site) ask() answer {
	s.t.Helper()
	return s.askAs(s.newClient(), plugin.CredentialDeadline)
}

// newClient is one that has not asked before.
func (s *site) newClient() process.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients++
	return process.ID{PID: s.clients, Start: "x"}
}

func (s *site) askAs(client process.ID, deadline time.Duration) answer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	return s.askWith(ctx, client)
}

func (s *site) askWith(ctx context.Context, client process.ID) answer {
	s.t.Helper()
	trusted := s.trusted
	if trusted == nil {
		trusted = s.State.ReadCAFile(s.uuid())
	}
	var got answer
	var out []byte
	r := plugin.CredentialRequest{
		Identity: s.identity(), ClusterName: "prod", MaxAge: time.Hour, Lease: lease, Parent: client, Config: "config",
		Exec: credential.ExecInfo{
			APIVersion: "client.authentication.k8s.io/v1",
			Cluster:    &clientauthv1.Cluster{Server: s.api.URL, CertificateAuthorityData: trusted},
		},
		Code:   func(error) int { return 1 },
		Notice: func(line string) { got.notices = append(got.notices, line) },
	}
	if s.change != nil {
		s.change(&r)
	}
	got.err = s.Credential(ctx, r, func(data []byte) error {
		if s.broken == nil {
			out = data
		}
		return s.broken
	})
	if len(out) > 0 {
		got.cert, got.expires = s.parse(out)
	}
	if (got.cert == nil) != (got.err != nil) {
		s.t.Errorf("got %+v", got)
	}
	return got
}

func (s *site) parse(out []byte) (*x509.Certificate, time.Time) {
	s.t.Helper()
	var c clientauthv1.ExecCredential
	if err := json.Unmarshal(out, &c); err != nil {
		s.t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(c.Status.ClientCertificateData))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert, c.Status.ExpirationTimestamp.Time
}

// good asks, and fails if there is no answer or more than one.
func (s *site) good() answer {
	s.t.Helper()
	got := s.ask()
	if got.err != nil || len(got.notices) > 0 {
		s.t.Fatalf("got %v, %q", got.err, got.notices)
	}
	return got
}

// signed is how many certificates Magnum has signed.
func (s *site) signed() int {
	n := 0
	for _, r := range s.cloud.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/certificates") {
			n++
		}
	}
	return n
}

func (s *site) pins() int { return len(s.State.Cluster(s.uuid()).Pinned) }

// openWindow has Magnum rotate, and this machine learn of it.
func (s *site) openWindow() {
	s.t.Helper()
	s.cloud.Rotate("prod")
	if _, err := s.Status(s.t.Context(), plugin.StatusRequest{Cluster: "prod"}); err != nil || s.pins() != 2 {
		s.t.Fatalf("%d CAs are pinned, %v", s.pins(), err)
	}
	s.cloud.ResetRequests()
}

// idle makes the last verification older than any lease, and leaves the clock.
func (s *site) idle() {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.State.Path, "uses")); err != nil {
		s.t.Fatal(err)
	}
}

// forget empties the store.
func (s *site) forget() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	clear(s.store.data)
}
