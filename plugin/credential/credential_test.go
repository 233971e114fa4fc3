// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

var (
	now   = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	alice = credential.Identity{
		Cluster: "52cdf7a6-7341-4c80-ba27-1db4db9c7eca",
		Project: "d9b0857369624caca67ea0a41b9052bd",
		Owner:   "387a980265fc45b48e35f5aba60b22a5",
		User:    "alice",
		Groups:  []string{"system:masters"},
	}
)

// fixture is a good record and the terms it holds against.
type fixture struct {
	ca    *pkitest.CA
	rec   *credential.Record
	terms credential.Terms
}

func newFixture(t testing.TB, edit func(*x509.Certificate)) *fixture {
	t.Helper()
	ca, key := pkitest.NewCA(t, "prod", now), pkitest.NewKey(t)
	return &fixture{
		ca:    ca,
		rec:   credential.NewRecord(alice, key, ca.Client(t, key.Public(), now, edit), ca.Certificate, now),
		terms: credential.Terms{Identity: alice, Signers: []*x509.Certificate{ca.Certificate}, MaxAge: 12 * time.Hour, Now: now},
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		edit func(t *testing.T, f *fixture)
		want error
	}{
		{"as issued", func(*testing.T, *fixture) {}, nil},
		{"nothing pinned", func(_ *testing.T, f *fixture) { f.terms.Signers = nil }, nil},
		{"old and new CA pinned", func(t *testing.T, f *fixture) {
			f.terms.Signers = append([]*x509.Certificate{pkitest.NewCA(t, "prod", now).Certificate}, f.terms.Signers...)
		}, nil},
		{"another CA pinned", func(t *testing.T, f *fixture) {
			f.terms.Signers = []*x509.Certificate{pkitest.NewCA(t, "prod", now).Certificate}
		}, credential.ErrUnpinnedCA},
		{"names the pinned CA but was signed by another", func(t *testing.T, f *fixture) {
			f.rec.Certificate = pkitest.NewCA(t, "prod", now).Client(t, f.rec.Key.Public(), now, nil)
		}, pki.ErrOtherCA},
		{"another cluster", func(_ *testing.T, f *fixture) {
			f.terms.Identity.Cluster = "00000000-7341-4c80-ba27-1db4db9c7eca"
		}, credential.ErrOtherIdentity},
		{"names another cluster", func(_ *testing.T, f *fixture) { f.rec.Cluster = "" }, credential.ErrOtherIdentity},
		{"another project", func(_ *testing.T, f *fixture) { f.terms.Identity.Project = "x" }, credential.ErrOtherIdentity},
		{"another OpenStack user", func(_ *testing.T, f *fixture) { f.terms.Identity.Owner = "x" }, credential.ErrOtherIdentity},
		{"another user", func(_ *testing.T, f *fixture) { f.terms.Identity.User = "bob" }, credential.ErrOtherIdentity},
		{"other groups", func(_ *testing.T, f *fixture) { f.terms.Identity.Groups = []string{"viewers"} }, credential.ErrOtherIdentity},
		{"another's identity with our name on it", func(t *testing.T, f *fixture) {
			f.rec.Certificate = f.ca.Client(t, f.rec.Key.Public(), now, func(c *x509.Certificate) { c.Subject.CommonName = "bob" })
		}, pki.ErrOtherName},
		{"another key", func(t *testing.T, f *fixture) { f.rec.Key = pkitest.NewKey(t) }, pki.ErrOtherKey},
		{"not yet valid", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(-48 * time.Hour) }, pki.ErrNotYetValid},
		{"issued a minute ahead", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(-time.Minute) }, nil},
		{"issued later than that", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(-61 * time.Second) }, credential.ErrFromFuture},
		{"a second before max age", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(12*time.Hour - time.Second) }, nil},
		{"at max age", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(12 * time.Hour) }, credential.ErrTooOld},
		{"CA about to end", func(_ *testing.T, f *fixture) { f.rec.CANotAfter = now.Add(5 * time.Minute) }, credential.ErrTooOld},
		{"revoked since", func(_ *testing.T, f *fixture) { f.terms.Revoked.Before = now.Add(time.Second) }, credential.ErrRevoked},
		{"revoked are those before it", func(_ *testing.T, f *fixture) { f.terms.Revoked.Before = now }, nil},
		{"revoked by name", func(_ *testing.T, f *fixture) {
			f.terms.Revoked.Names = []string{"aa", pki.Fingerprint(f.rec.Certificate)}
		}, credential.ErrRevoked},
		{"another is revoked", func(_ *testing.T, f *fixture) { f.terms.Revoked.Names = []string{"aa", f.rec.CA} }, nil},
		{"revoked, and at max age", func(_ *testing.T, f *fixture) {
			f.terms.Now, f.terms.Revoked.Before = now.Add(12*time.Hour), now.Add(time.Second)
		}, credential.ErrRevoked},
		{"expired", func(_ *testing.T, f *fixture) { f.terms.Now = now.Add(31 * 24 * time.Hour) }, pki.ErrExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, nil)
			test.edit(t, f)
			until, err := f.rec.Usable(f.terms)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err == nil && !until.After(f.terms.Now) {
				t.Errorf("usable until %v, which is past", until)
			}
		})
	}
}

// The margin is five minutes, or a tenth of a life shorter than fifty.
func TestUsableUntil(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		life   time.Duration
		maxAge time.Duration
		want   time.Duration
	}{
		{"Magnum's five years", 5 * 365 * 24 * time.Hour, 12 * time.Hour, 12 * time.Hour},
		{"an hour", time.Hour, 12 * time.Hour, 55 * time.Minute},
		{"ten minutes", 10 * time.Minute, 12 * time.Hour, 9 * time.Minute},
	} {
		f := newFixture(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now, now.Add(test.life) })
		f.rec.CANotAfter = now.Add(10 * 365 * 24 * time.Hour)
		f.terms.MaxAge = test.maxAge
		until, err := f.rec.Usable(f.terms)
		if err != nil || until.Sub(now) != test.want {
			t.Errorf("%s: usable for %v (%v), want %v", test.name, until.Sub(now), err, test.want)
		}
	}
}

func TestIdentityKey(t *testing.T) {
	t.Parallel()
	reordered := alice
	reordered.Groups = []string{"b", "a", "b"}
	sorted := alice
	sorted.Groups = []string{"a", "b"}
	if reordered.Key() != sorted.Key() {
		t.Error("the order of groups changes the key")
	}
	seen := map[string]credential.Identity{}
	for _, id := range []credential.Identity{
		alice,
		sorted,
		{Cluster: "ab", Project: "c"},
		{Cluster: "a", Project: "bc"},
		{User: "a", Groups: []string{"b"}},
		{User: "ab"},
		{User: "a", Groups: []string{""}},
		{User: "a"},
	} {
		if other, ok := seen[id.Key()]; ok {
			t.Errorf("%+v and %+v have one key", id, other)
		}
		seen[id.Key()] = id
		if strings.Trim(id.Key(), "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			t.Errorf("key %q is not plain", id.Key())
		}
	}
}
