// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

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

// Nor where no store keeps what was signed.
func TestSigningInVainIsDoneOncePerLeaseWithoutAStore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.api.Trust()
	s.idle()
	var rejected *plugin.RejectedError
	for range 3 {
		start := time.Now()
		if got := s.ask(); !errors.As(got.err, &rejected) || s.signed() != 1 {
			t.Errorf("got %v, after %d signatures", got.err, s.signed())
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("it took %s, though there is nothing to wait for", took)
		}
		s.forget()
		s.pass(lease / 4)
	}
}

// Nor is it in vain any more once the cluster has another CA.
func TestARotationEndsSigningInVain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.api.Trust()
	s.idle()
	var rejected *plugin.RejectedError
	if got := s.ask(); !errors.As(got.err, &rejected) {
		t.Fatalf("got %v", got.err)
	}
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
	if got := s.ask(); got.err != nil {
		t.Fatalf("got %v", got.err)
	}
	s.forget()
	s.good()
}

// What is not Magnum's CA any more when the certificate comes is not handed out
// as if it were.
func TestMagnumRotatesWhileItSigns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.api.Trust()
	s.pass(2 * lease)
	var once sync.Once
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/v1/certificates" {
			once.Do(func() { s.cloud.Rotate("prod") })
		}
		return false
	})
	var rotated *plugin.RotatedError
	if got := s.ask(); !errors.As(got.err, &rotated) || s.pins() != 1 {
		t.Fatalf("got %v, %d pins", got.err, s.pins())
	}
	s.follow()
	if got := s.ask(); got.err != nil || len(got.notices) != 1 {
		t.Errorf("got %v, %q", got.err, got.notices)
	}
}

// Fifty clients at the moment of a rotation: one signature, and none of
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
	answers := make([]answer, 50)
	for i := range answers {
		group.Go(func() { answers[i] = s.askAs(s.newClient(), patience) })
	}
	group.Wait()
	for _, got := range answers {
		if got.err != nil || len(got.notices) != 1 || !got.cert.Equal(answers[0].cert) {
			t.Fatalf("got %v, %q", got.err, got.notices)
		}
	}
	if s.signed() != 1 || len(s.cloud.Requests()) != 4 {
		t.Errorf("%d signatures in %d requests to the cloud", s.signed(), len(s.cloud.Requests()))
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

// Keystone or Magnum may be far away while the window is open: who has a key
// that works does not wait for them long.
func TestAHungCloudIsNotWaitedForInTheWindow(t *testing.T) {
	t.Parallel()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.good()
			s.openWindow()
			hang := make(chan struct{})
			t.Cleanup(func() { close(hang) })
			s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == method {
					select {
					case <-hang:
					case <-r.Context().Done():
					}
				}
				return r.Method == method
			})
			start := time.Now()
			s.good()
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("it took %s", took)
			}
			// Nor does the next one wait again so soon.
			start = time.Now()
			s.good()
			if took := time.Since(start); took > 4*time.Second {
				t.Errorf("the next took %s", took)
			}
		})
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

// An API server that accepts each new certificate and then refuses it, as some
// behind a load balancer may, has one signed per lease.
func TestAChangeableServerHasOneCertificateSignedPerLease(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	var asked int
	s.api.Answer(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked%2 == 1 { // the record, then its replacement
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	client := process.ID{PID: 4711, Start: "x"}
	for range 20 {
		s.pass(2 * time.Second)
		s.askAs(client, plugin.CredentialDeadline)
	}
	if s.signed() != 1 {
		t.Errorf("%d signatures in 40 s", s.signed())
	}
}

// Somebody who interrupts a call gets no credential that nobody has accepted.
func TestAnInterruptedCallIsNotAnswered(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.openWindow()
	s.api.Trust()
	ctx, cancel := context.WithTimeout(t.Context(), plugin.CredentialDeadline)
	defer cancel()
	s.Progress = func(line string) {
		if strings.HasPrefix(line, "waiting for the API server") {
			cancel()
		}
	}
	if got := s.askWith(ctx, process.ID{PID: 4711, Start: "x"}); !errors.Is(got.err, context.Canceled) || got.cert != nil {
		t.Errorf("got %v", got.err)
	}
}
