// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

func (s *site) loseState() {
	s.t.Helper()
	if err := os.RemoveAll(s.State.Path); err != nil {
		s.t.Fatal(err)
	}
}

// magnumCA is the CA that Magnum has now.
func (s *site) magnumCA() *x509.Certificate {
	s.t.Helper()
	text, _ := s.cloud.CA("prod")
	ca, err := pki.ParseCertificate(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return ca
}

// rotated is a whole rotation by somebody else.
func (s *site) rotated() {
	s.cloud.Rotate("prod")
	s.follow()
	s.cloud.FinishRotation("prod")
}

// A client that trusts a stranger gets nothing, also on a machine that knows
// nothing of the cluster, or does not any more.
func TestStrangersGetNothingWithoutState(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]bool{"with a record": false, "with nothing": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			stranger, _ := pkitest.NewCA(t, "prod", s.now()).PEM(t)
			known := s.State.ReadCAFile(s.uuid())
			for what, trusted := range map[string][]byte{"alone": stranger, "beside the cluster's": slices.Concat(known, stranger)} {
				s.loseState()
				if empty {
					s.store.data = map[string][]byte{}
				}
				s.trusted = trusted
				var foreign *plugin.ForeignCAError
				for range 2 {
					if got := s.ask(); !errors.As(got.err, &foreign) || s.api.Certificates() > 0 {
						t.Errorf("%s: got %v, after %d certificates", what, got.err, s.api.Certificates())
					}
					s.pass(2 * lease)
				}
			}
		})
	}
}

// The record outlives the state directory. What nothing vouches for any more is
// not used.
func TestARecordOfAnUnknownCAIsAMiss(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	old := s.good()
	s.rotated()
	s.loseState()
	s.trusted, _ = s.cloud.CA("prod")
	if got := s.good(); got.cert.Equal(old.cert) {
		t.Error("the old one is handed out")
	}
}

// What one process learns while another is waiting is not undone by that.
func TestPinsAreNotLostToAnotherProcess(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*site) error{
		"config": func(s *site) error {
			r := configProd(s.t)
			r.Lease, r.MaxAge = lease, time.Hour
			_, err := s.Config(s.t.Context(), r)
			return err
		},
		"credential": func(s *site) error {
			s.pass(2 * lease)
			got := s.ask()
			if got.err == nil && got.cert.CheckSignatureFrom(s.magnumCA()) != nil {
				return errors.New("a certificate of the old CA was handed out")
			}
			return got.err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.good()
			s.trusted = s.State.ReadCAFile(s.uuid())
			if name == "credential" {
				s.rotated() // so that it asks Magnum at all
			}
			var once sync.Once
			s.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
				// config has its CA by then; the credential path has not yet.
				if config := strings.HasSuffix(r.URL.Path, "/certificates"); config == (name == "config") {
					once.Do(func() {
						if name == "config" {
							s.rotated()
						}
						c := s.State.Cluster(s.uuid()).Repinned([]*x509.Certificate{s.magnumCA()})
						if err := errors.Join(s.State.SetCluster(s.uuid(), c), s.State.WriteCAFile(s.uuid(), c.Pinned)); err != nil {
							t.Error(err)
						}
					})
				}
				return false
			})
			if err := run(s); err != nil {
				t.Error(err)
			}
			if pinned := s.State.Cluster(s.uuid()).Pinned; len(pinned) != 1 || !pinned[0].Equal(s.magnumCA()) {
				t.Errorf("%d CAs are pinned, the old one among them", len(pinned))
			}
		})
	}
}

// Over a connection that anybody may answer on nothing changes a pin.
func TestInsecureConnectionsChangeNoPin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	before := s.State.ReadCAFile(s.uuid())
	getenv := s.Cloud.Getenv
	s.Cloud.Getenv = func(name string) string {
		if name == "OS_INSECURE" {
			return "true"
		}
		return getenv(name)
	}
	s.rotated()
	s.pass(2 * lease)
	var insecure *plugin.InsecureRotationError
	for _, down := range []bool{false, true} {
		s.api.Refuse(down)
		if _, err := s.Config(t.Context(), configProd(t)); !errors.As(err, &insecure) {
			t.Errorf("config: %v", err)
		}
		if _, err := s.Rotate(t.Context(), plugin.RotateRequest{
			Cluster: "prod", Confirm: func(plugin.RotatePlan) error { return nil }, Say: func(string) {},
		}); !errors.As(err, &insecure) {
			t.Errorf("ca-rotate: %v", err)
		}
		if _, err := s.Status(t.Context(), plugin.StatusRequest{Cluster: "prod"}); err != nil {
			t.Errorf("status: %v", err)
		}
	}
	if got := string(s.State.ReadCAFile(s.uuid())); got != string(before) {
		t.Error("the CA file was changed")
	}
	if slices.ContainsFunc(s.State.Cluster(s.uuid()).Pinned, s.magnumCA().Equal) {
		t.Error("the new CA is pinned")
	}
}

// A kubeconfig that was carried here with a CA of former times beside the one
// that counts is no reason to ask on each call.
func TestAnOutdatedCABesideTheRightOneIsHarmless(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	first := s.State.ReadCAFile(s.uuid())
	s.rotated()
	s.pass(2 * lease)
	s.ask()
	s.trusted = slices.Concat(first, s.State.ReadCAFile(s.uuid()))
	asked := s.api.Requests()
	for range 20 {
		s.pass(11 * time.Second)
		s.good()
	}
	if n, most := s.api.Requests()-asked, 20*11/60+1; n > most {
		t.Errorf("%d verifications", n)
	}
}

// A long-running client hears once what it cannot do anything about.
func TestAClientIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	s.trusted = s.State.ReadCAFile(s.uuid())
	s.rotated()
	client, told := process.ID{PID: 4711, Start: "x"}, 0
	for range 10 {
		s.pass(lease)
		told += len(s.askAs(client, plugin.CredentialDeadline).notices)
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// A password in the kubeconfig's URL is nobody's business.
func TestErrorsHideThePasswordOfAURL(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	ca, _ := s.cloud.CA("prod")
	s.api.ServeStranger(ca)
	s.api.URL = strings.Replace(s.api.URL, "https://", "https://user:s3cret@", 1)
	s.pass(2 * lease)
	if got := s.ask(); got.err == nil || strings.Contains(got.err.Error(), "s3cret") {
		t.Errorf("got %v", got.err)
	}
}
