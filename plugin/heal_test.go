// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const lease = time.Minute

// memory is a store that lasts as long as a test, and keeps all it ever had.
type memory struct {
	mu   sync.Mutex
	data map[string][]byte
	all  [][]byte
}

func (m *memory) Name() string { return "memory" }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if data, ok := m.data[key]; ok {
		return data, nil
	}
	return nil, cache.ErrMiss
}

func (m *memory) Put(_ context.Context, key string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = data
	m.all = append(m.all, data)
	return nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.data, key)
	return nil
}

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
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, api: apitest.New(), store: &memory{data: map[string][]byte{}}}
	t.Cleanup(s.api.Close)
	s.Plugin, s.cloud = newPlugin(t, magnumtest.Options{ProdAPI: s.api.URL, RotateAfter: -1, Now: s.now})
	s.Now, s.Store = s.now, s.store
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

// follow gives the API server the CA that Magnum has.
func (s *site) follow() {
	ca, key := s.cloud.CA("prod")
	s.api.Serve(ca, key)
	s.api.Trust(ca)
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
	s.mu.Lock()
	s.clients++
	client := process.ID{PID: s.clients, Start: "x"}
	s.mu.Unlock()
	return s.askAs(client, plugin.CredentialDeadline)
}

func (s *site) askAs(client process.ID, deadline time.Duration) answer {
	s.t.Helper()
	trusted := s.trusted
	if trusted == nil {
		trusted = s.State.ReadCAFile(s.uuid())
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	var got answer
	var out []byte
	got.err = s.Credential(ctx, plugin.CredentialRequest{
		Identity: credential.Identity{
			Cluster: s.uuid(), Project: s.cloud.ProjectID("demo"), Owner: s.cloud.UserID("alice"),
			User: "alice", Groups: []string{"system:masters"},
		},
		ClusterName: "prod", MaxAge: time.Hour, Lease: lease, Parent: client, Config: "config",
		Exec: credential.ExecInfo{
			APIVersion: "client.authentication.k8s.io/v1",
			Cluster:    &clientauthv1.Cluster{Server: s.api.URL, CertificateAuthorityData: trusted},
		},
		Code:   func(error) int { return 1 },
		Notice: func(line string) { got.notices = append(got.notices, line) },
	}, func(data []byte) error {
		out = data
		return nil
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

func TestOutsideOfARotationMagnumIsNotAsked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	for range 20 {
		s.pass(11 * time.Second)
		got := s.good()
		if !got.cert.Equal(first.cert) {
			t.Fatal("another certificate")
		}
		if left := got.expires.Sub(s.now()); left < lease-2*time.Second || left > lease+time.Second {
			t.Errorf("the lease is %s", left)
		}
	}
	if asked := s.cloud.Requests(); len(asked) > 0 {
		t.Errorf("Magnum was asked: %v", asked)
	}
	if got, most := s.api.Connections(), 20*11/60+1; got > most {
		t.Errorf("the API server was asked %d times in %d leases", got, most)
	}
}

// The key is given up after its max age, but not while the API server takes no
// new certificate.
func TestTheWindowKeepsARecordPastItsMaxAge(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(*site){
		"known":   (*site).openWindow,
		"unknown": func(s *site) { s.cloud.Rotate("prod") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			first := s.good()
			open(s)
			s.pass(2 * time.Hour)
			if got := s.good(); !got.cert.Equal(first.cert) {
				t.Fatal("another certificate")
			}
			if s.pins() != 2 {
				t.Errorf("%d CAs are pinned", s.pins())
			}
			s.follow()
			got := s.good()
			if got.cert.Equal(first.cert) || s.pins() != 1 {
				t.Errorf("%d CAs are pinned, the old key is in use: %v", s.pins(), got.cert.Equal(first.cert))
			}
		})
	}
}

// Without a rotation max age is max age: two requests.
func TestMaxAgeEndsAKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.pass(time.Hour)
	if got := s.good(); got.cert.Equal(first.cert) || len(s.cloud.Requests()) != 2 {
		t.Errorf("%d requests", len(s.cloud.Requests()))
	}
}

func TestASlowAPIServerCostsItsTwoSecondsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.api.Stall(true)
	s.pass(2 * lease)
	before := s.api.Connections()
	for range 5 {
		if got := s.good(); !got.cert.Equal(first.cert) {
			t.Error("another certificate")
		}
		s.pass(5 * time.Second)
	}
	if n := s.api.Connections() - before; n != 1 {
		t.Errorf("%d connections within 30 s", n)
	}
	s.api.Stall(false)
	s.pass(10 * time.Second)
	s.good()
	if n := s.api.Connections() - before; n != 2 {
		t.Errorf("%d connections after 30 s", n)
	}
	if len(s.cloud.Requests()) > 0 {
		t.Errorf("Magnum was asked: %v", s.cloud.Requests())
	}
}

// A server that restarts refuses connections and comes back with another CA:
// nobody waits half a minute to notice.
func TestARestartIsNoticedAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.cloud.Rotate("prod")
	s.api.Refuse(true)
	s.pass(2 * lease)
	s.good()
	s.api.Refuse(false)
	s.follow()
	s.pass(time.Second)
	if got := s.ask(); got.err != nil || len(got.notices) != 1 || !strings.Contains(got.notices[0], "run the command again") {
		t.Fatalf("got %v, %q", got.err, got.notices)
	}
	s.good()
}

func TestInTheWindowARefusedCredentialIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.openWindow()
	s.api.Trust() // it restarts, and takes neither
	var inProgress *plugin.InProgressError
	got := s.askAs(process.ID{PID: 1000}, 5*time.Second)
	if !errors.As(got.err, &inProgress) || s.signed() != 1 {
		t.Fatalf("got %v, after %d signatures", got.err, s.signed())
	}
	// The next one does not have another signed, and sees it through.
	time.AfterFunc(1500*time.Millisecond, s.follow)
	s.good()
	if s.signed() != 1 {
		t.Errorf("%d signatures", s.signed())
	}
}

// Whatever a store brings back, what was revoked is not handed out again.
func TestRevokedRecordsStayRevoked(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(*site){
		"by a rotation": func(s *site) {
			s.cloud.Rotate("prod")
			s.follow()
			s.cloud.FinishRotation("prod")
		},
		"by the API server": func(s *site) { s.api.Ban() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			old := s.good()
			s.pass(2 * lease)
			s.good() // shows it to the API server
			revoke(s)
			s.pass(2 * lease)
			if got := s.ask(); got.err != nil || got.cert.Equal(old.cert) {
				t.Fatalf("got %v", got.err)
			}
			s.restore(s.store.all[0])
			for _, ahead := range []time.Duration{0, -3 * lease, 2 * lease} {
				s.pass(ahead) // clocks are set back, too
				if got := s.ask(); got.err != nil || got.cert.Equal(old.cert) {
					t.Fatalf("%s later the old one is back, %v", ahead, got.err)
				}
				s.restore(s.store.all[0])
			}
		})
	}
}

func (s *site) restore(data []byte) {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for key := range s.store.data {
		s.store.data[key] = data
	}
}

// An API server that refuses what Magnum signs is not a reason to have more
// signed, until a lease later.
func TestSigningInVainIsDoneOncePerLease(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.api.Trust()
	s.pass(2 * lease)
	var rejected *plugin.RejectedError
	for range 3 {
		if got := s.ask(); !errors.As(got.err, &rejected) {
			t.Fatalf("got %v", got.err)
		}
		s.pass(lease / 4)
	}
	if s.signed() != 1 {
		t.Errorf("%d signatures in a lease", s.signed())
	}
	s.pass(lease)
	if got := s.ask(); !errors.As(got.err, &rejected) || s.signed() != 2 {
		t.Errorf("got %v, after %d signatures", got.err, s.signed())
	}
	s.follow()
	s.good()
}

// A hundred clients at the moment of a rotation: one signature, and none of
// them fails.
func TestACrowdHasOneCertificateSigned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	s.pass(2 * lease)
	s.trusted = s.State.ReadCAFile(s.uuid()) // they have loaded it already
	var group sync.WaitGroup
	answers := make([]answer, 100)
	for i := range answers {
		group.Go(func() { answers[i] = s.ask() })
	}
	group.Wait()
	for _, got := range answers {
		if got.err != nil || len(got.notices) != 1 || !got.cert.Equal(answers[0].cert) {
			t.Fatalf("got %v, %q", got.err, got.notices)
		}
	}
	if s.signed() != 1 {
		t.Errorf("%d signatures", s.signed())
	}
}

// The state directory may be lost, or not be there at all: a call costs no
// request to Magnum for that, and is verified where that can be remembered.
func TestWithoutState(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.trusted = s.State.ReadCAFile(s.uuid())
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	if got := s.good(); !got.cert.Equal(first.cert) || s.api.Requests() != 1 {
		t.Errorf("%d requests to the API server", s.api.Requests())
	}
	s.State = state.Dir{}
	for range 3 {
		if got := s.good(); !got.cert.Equal(first.cert) || s.api.Requests() != 1 {
			t.Errorf("%d requests to the API server", s.api.Requests())
		}
	}
	if len(s.cloud.Requests()) > 0 {
		t.Errorf("Magnum was asked: %v", s.cloud.Requests())
	}
}

// Magnum may be far away while the window is open: who has a key that works
// does not wait for it long.
func TestAHungMagnumIsNotWaitedForInTheWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.openWindow()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		}
		return r.Method == http.MethodGet
	})
	start := time.Now()
	s.good()
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestFilesOfTheStateDirectoryHoldNoKey(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.openWindow()
	s.follow()
	s.good()
	err := filepath.WalkDir(filepath.Dir(s.State.Path), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, record := range s.store.all {
			var wire struct {
				Key string `json:"key"`
			}
			if err := json.Unmarshal(record, &wire); err != nil || wire.Key == "" {
				t.Fatalf("a record without a key: %v", err)
			}
			if strings.Contains(string(text), wire.Key) || strings.Contains(string(text), "PRIVATE") {
				t.Errorf("%s has a key in it", path)
			}
		}
		return err
	})
	if err != nil || len(s.store.all) < 2 {
		t.Errorf("%d records, %v", len(s.store.all), err)
	}
}
