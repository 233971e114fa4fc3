// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

const (
	short     = 10 * time.Minute
	shortAge  = time.Hour         // the max age of its line
	shortDue  = 400 * time.Second // two thirds of its life
	shortGone = 510 * time.Second // its life but for a margin
)

// shorts is a site whose API server signs certificates, and whose context is for
// short-lived ones.
type shorts struct {
	*site
	signing *apitest.Signing
}

func newShorts(t *testing.T, groups ...string) shorts {
	t.Helper()
	s := newUnsigned(t, groups...)
	if _, err := s.config(); err != nil {
		t.Fatal(err)
	}
	s.asked()
	return s
}

// newUnsigned has no such context yet.
func newUnsigned(t *testing.T, groups ...string) shorts {
	t.Helper()
	if len(groups) == 0 {
		groups = []string{plugin.ClusterAdmins}
	}
	s := shorts{site: newSite(t)}
	ca, key := s.cloud.CA("prod")
	s.signing = s.api.Sign(ca, key, s.now)
	s.forget()
	t.Cleanup(s.neverKeptMasters)
	s.change = func(r *plugin.CredentialRequest) {
		r.Identity.ShortLived, r.Identity.Groups, r.MaxAge = short, groups, shortAge
	}
	return s
}

func (s shorts) identity() credential.Identity {
	r := plugin.CredentialRequest{Identity: s.site.identity()}
	s.change(&r)
	return r.Identity
}

func (s shorts) request() plugin.ConfigRequest {
	r := configProd(s.t)
	id := s.identity()
	r.Lease, r.MaxAge, r.ShortLived, r.Groups = lease, shortAge, short, id.Groups
	r.Confirm = func(plugin.BindingPlan) error { return nil }
	return r
}

func (s shorts) config() (*plugin.ConfigResult, error) {
	s.t.Helper()
	return s.Config(s.t.Context(), s.request())
}

// asked is what OpenStack and the API server were asked since the last time.
func (s shorts) asked() (openstack int, server []string) {
	openstack = len(s.cloud.Requests())
	s.cloud.ResetRequests()
	return openstack, s.signing.Asked()
}

// kept is the record in the store; nil if there is none.
func (s shorts) kept() *credential.Record {
	s.t.Helper()
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	var found *credential.Record
	for key, data := range s.store.data {
		rec, err := credential.Decode(data)
		if err != nil || key != s.identity().Key() || found != nil {
			s.t.Fatalf("%s is kept, %v", key, err)
		}
		found = rec
	}
	return found
}

// neverKeptMasters looks at all that a store ever got, but what plain contexts of the
// site had.
func (s shorts) neverKeptMasters() {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, data := range s.store.all {
		if rec, err := credential.Decode(data); err != nil || rec.Identity != s.site.identity().Key() && slices.Contains(rec.Certificate.Subject.Organization, "system:masters") {
			s.t.Errorf("kept was %s, %v", data, err)
		}
	}
}

var signs = []string{"POST certificatesigningrequests", "PATCH certificatesigningrequests", "GET certificatesigningrequests"}

func (s shorts) expect(openstack int, server ...string) {
	s.t.Helper()
	gotOpenstack, gotServer := s.asked()
	if gotOpenstack != openstack || !slices.Equal(gotServer, server) {
		s.t.Errorf("%d requests to OpenStack and %q to the API server, want %d and %q", gotOpenstack, gotServer, openstack, server)
	}
}

// isShort fails unless an answer is what the cluster signed, for its group.
func (s shorts) isShort(got answer) {
	s.t.Helper()
	if got.err != nil || len(got.notices) > 0 {
		s.t.Fatalf("got %v, %q", got.err, got.notices)
	}
	if life := got.cert.NotAfter.Sub(s.now()); life > short || life <= 0 {
		s.t.Errorf("it lives for another %s", life)
	}
	if !slices.Equal(got.cert.Subject.Organization, s.identity().Groups) || got.cert.Subject.CommonName != "alice" {
		s.t.Errorf("it is for %s", got.cert.Subject)
	}
}

var errNo = errors.New("no")
