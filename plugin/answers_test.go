// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// onGet has f answer Magnum's GET requests below a path, or false.
func (s *site) onGet(path string, f func(w http.ResponseWriter) bool) {
	s.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, path) && f(w)
	})
}

// A rotation whose status cannot be read is not taken for one that is over.
func TestTheWindowOutlastsMagnumsTroubles(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.openWindow()
	s.onGet("/v1/clusters/", func(w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	})
	if got := s.good(); !got.cert.Equal(first.cert) || s.pins() != 2 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
}

// A CA that is at its end is not learnt.
func TestAnExpiredCAIsNotPinned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := pkitest.NewCA(t, "prod", time.Now().AddDate(-50, 0, 0)).Certificate
	s.onGet("/v1/certificates/", func(w http.ResponseWriter) bool {
		_ = json.NewEncoder(w).Encode(map[string]string{"pem": string(pki.MarshalCertificate(old))})
		return true
	})
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	s.idle()
	var refused *plugin.RefusedError
	if got := s.ask(); !errors.As(got.err, &refused) || s.State.Cluster(s.uuid()).Pinned[0].Equal(old) {
		t.Errorf("got %v", got.err)
	}
}

// A stranger stays one where it hangs up when it is asked again.
func TestAStrangerThatHangsUpIsOne(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	s.idle()
	s.onGet("/v1/certificates/", func(http.ResponseWriter) bool {
		s.api.Refuse(true)
		return false
	})
	var untrusted *plugin.UntrustedServerError
	if got := s.ask(); !errors.As(got.err, &untrusted) {
		t.Errorf("got %v", got.err)
	}
}

// config is somebody's question to Magnum: its CA is believed even while the API
// server is down.
func TestConfigBelievesMagnumWhileTheServerIsDown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cloud.Rotate("prod")
	s.cloud.FinishRotation("prod")
	s.api.Refuse(true)
	if _, err := s.Config(t.Context(), configProd(t)); err != nil {
		t.Fatal(err)
	}
	ca, _ := s.cloud.CA("prod")
	want, err := pki.ParseCertificate(ca)
	if err != nil {
		t.Fatal(err)
	}
	if !s.State.HoldsCAs(s.uuid(), []*x509.Certificate{want}) || s.pins() != 1 {
		t.Errorf("%d CAs are pinned", s.pins())
	}
}

// Two calls decide at once: the second goes by what the first has pinned, and not
// by what it saw before.
func TestAnotherCallHasDecidedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	s.openWindow()
	var begun atomic.Bool
	s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/v3/auth/tokens" && !begun.Swap(true) {
			s.follow()
			if _, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"}); err != nil {
				t.Error(err)
			}
		}
		return false
	})
	if got := s.good(); got.cert.Equal(first.cert) || s.pins() != 1 {
		t.Errorf("%d pins, the old certificate: %v", s.pins(), got.cert.Equal(first.cert))
	}
}

// Only a rotation that Magnum says is under way is asked about by each call.
func TestAFailedRotationIsNotAskedAboutByEachCall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.openWindow()
	s.cloud.SetRotation(magnumtest.RotationFails)
	s.cloud.FinishRotation("prod")
	s.good()
	s.cloud.ResetRequests()
	s.pass(11 * time.Second)
	if s.good(); len(s.cloud.Requests()) > 0 {
		t.Errorf("Magnum was asked: %v", s.cloud.Requests())
	}
}

// Pins that cannot be remembered do not get into the CA file either, where they
// would be a stranger's.
func TestTheCAFileNeverLeadsThePins(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" || os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	s := newSite(t)
	before := s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	s.follow()
	if err := os.Chown(s.State.Path, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"}); err != nil {
		t.Fatal(err)
	}
	if string(s.State.ReadCAFile(s.uuid())) != string(before) {
		t.Error("it has what is not pinned")
	}
}

// The record says what was pinned where the state directory is lost: Magnum's
// word alone does not change it.
func TestALostStateKeepsThePin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	pinned := s.State.Cluster(s.uuid()).Pinned[0]
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.cloud.Rotate("prod")
	s.cloud.SetCluster("prod", func(c *magnumtest.Cluster) { c.Status = "CREATE_COMPLETE" })
	ca, _ := s.cloud.CA("prod")
	s.api.Trust(ca)
	if err := os.RemoveAll(s.State.Path); err != nil {
		t.Fatal(err)
	}
	if got := s.ask(); got.err != nil || len(got.notices) != 1 || !strings.Contains(got.notices[0], "the pinned one stays") {
		t.Errorf("got %v, %q", got.err, got.notices)
	}
	if pins := s.State.Cluster(s.uuid()).Pinned; len(pins) != 1 || !pins[0].Equal(pinned) {
		t.Errorf("%d other pins", len(pins))
	}
}

// A kubeconfig that somebody holds is left to the next call, and not waited for.
func TestALockedKubeconfigIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := configProd(t)
	r.EmbedCerts = true
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.Paths.Explicit+".lock", nil, 0); err != nil { // kubectl's
		t.Fatal(err)
	}
	s.cloud.Rotate("prod")
	s.follow()
	s.idle()
	start := time.Now()
	if got := s.ask(); got.err != nil {
		t.Errorf("got %v", got.err)
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A CA file that nobody has is not made, nor is a CA replaced in a kubeconfig
// that config wrote without one: somebody put it there.
func TestHealingMakesNothingNew(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.trusted = s.State.ReadCAFile(s.uuid())
	r := configProd(t)
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(r.Paths.Explicit)
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(text), "certificate-authority: "+s.State.CAFile(s.uuid()), "certificate-authority-data: b2xk", 1)
	if mine == string(text) {
		t.Fatalf("no CA file in %s", text)
	}
	if err := errors.Join(os.WriteFile(r.Paths.Explicit, []byte(mine), 0o600), os.Remove(s.State.CAFile(s.uuid()))); err != nil {
		t.Fatal(err)
	}
	s.cloud.Rotate("prod")
	s.follow()
	s.idle()
	if got := s.ask(); got.err != nil {
		t.Fatal(got.err)
	}
	if after, err := os.ReadFile(r.Paths.Explicit); err != nil || string(after) != mine || s.State.HasCAFile(s.uuid()) {
		t.Errorf("a CA file: %v, %v\n%s", s.State.HasCAFile(s.uuid()), err, after)
	}
}
