// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

const life = 10 * time.Minute

func shortIdentity() credential.Identity {
	id := alice
	id.ShortLived, id.Groups = life, []string{"viewers"}
	return id
}

// newShort is a good record of a certificate for ten minutes, and the terms it
// holds against. Its line is an hour old.
func newShort(t testing.TB, edit func(*x509.Certificate)) *fixture {
	t.Helper()
	ca, key := pkitest.NewCA(t, "prod", now), pkitest.NewKey(t)
	cert := ca.Client(t, key.Public(), now, func(c *x509.Certificate) {
		c.Subject.Organization = []string{"viewers"}
		c.NotBefore, c.NotAfter = now.Add(-5*time.Minute), now.Add(life)
		if edit != nil {
			edit(c)
		}
	})
	rec := credential.NewRecord(shortIdentity(), key, cert, ca.Certificate, now)
	rec.Since = now.Add(-time.Hour)
	return &fixture{
		ca: ca, rec: rec,
		terms: credential.Terms{Identity: shortIdentity(), Signers: []*x509.Certificate{ca.Certificate}, MaxAge: 12 * time.Hour, Now: now},
	}
}

func TestShortLivedUsable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		cert func(*x509.Certificate)
		edit func(f *fixture)
		want error
	}{
		{"as issued", nil, func(*fixture) {}, nil},
		{"as long as clocks allow", func(c *x509.Certificate) { c.NotAfter = now.Add(life + pki.ClockGrace) }, func(*fixture) {}, nil},
		{"longer", func(c *x509.Certificate) { c.NotAfter = now.Add(life + pki.ClockGrace + time.Second) }, func(*fixture) {}, credential.ErrTooLong},
		{"Magnum's", func(c *x509.Certificate) { c.NotAfter = now.AddDate(5, 0, 0) }, func(*fixture) {}, credential.ErrTooLong},
		{"of no line", nil, func(f *fixture) { f.rec.Since = time.Time{} }, credential.ErrOtherIdentity},
		{"of a line that begins later", nil, func(f *fixture) { f.rec.Since = now.Add(time.Second) }, credential.ErrOtherIdentity},
		{"for another life", nil, func(f *fixture) { f.terms.Identity.ShortLived *= 2 }, credential.ErrOtherIdentity},
		{"where Magnum's is asked for", nil, func(f *fixture) { f.terms.Identity.ShortLived = 0 }, credential.ErrOtherIdentity},
		{"the same, under its name", nil, func(f *fixture) {
			f.terms.Identity.ShortLived = 0
			f.rec.Identity = f.terms.Identity.Key()
		}, credential.ErrOtherIdentity},
		{"of a line at its max age", nil, func(f *fixture) { f.terms.MaxAge = time.Hour }, credential.ErrTooOld},
		{"of a line that began before a logout", nil, func(f *fixture) { f.terms.Revoked.Before = now.Add(-time.Minute) }, credential.ErrRevoked},
		{"of one that began after it", nil, func(f *fixture) { f.terms.Revoked.Before = now.Add(-time.Hour) }, nil},
		{"to its last but one minute", nil, func(f *fixture) { f.terms.Now = now.Add(8*time.Minute + 29*time.Second) }, nil},
		{"shortly before its end", nil, func(f *fixture) { f.terms.Now = now.Add(8*time.Minute + 30*time.Second) }, credential.ErrTooOld},
		{"after it", nil, func(f *fixture) { f.terms.Now = now.Add(life) }, pki.ErrExpired},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := newShort(t, test.cert)
			test.edit(f)
			if _, err := f.rec.Usable(f.terms); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func TestShortLivedRecord(t *testing.T) {
	t.Parallel()
	f := newShort(t, nil)
	data, err := f.rec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := credential.Decode(data)
	if err != nil || !again.Since.Equal(f.rec.Since) || !again.Began().Equal(f.rec.Since) || again.Issued.Equal(again.Since) {
		t.Errorf("decoded %+v, %v", again, err)
	}
	if _, err := again.Usable(f.terms); err != nil {
		t.Errorf("decoded it is not usable: %v", err)
	}
	if due := again.Due(); !due.Equal(now.Add(400 * time.Second)) {
		t.Errorf("due %s after it was issued", due.Sub(now))
	}
	token := bytes.Replace(encode(t, tokenRecord(t, fernet, time.Hour)), []byte(`"iat"`), []byte(`"since":1,"iat"`), 1)
	if _, err := credential.Decode(token); err == nil {
		t.Error("a token has a line")
	}
	if magnum := newFixture(t, nil).rec; !magnum.Since.IsZero() || !magnum.Began().Equal(magnum.Issued) {
		t.Errorf("Magnum's has a line since %s", magnum.Since)
	}
}

// Whose life is another is another item in a store.
func TestShortLivedKey(t *testing.T) {
	t.Parallel()
	plain, other := shortIdentity(), shortIdentity()
	plain.ShortLived, other.ShortLived = 0, life+time.Minute
	keys := map[string]bool{plain.Key(): true, other.Key(): true, shortIdentity().Key(): true}
	if len(keys) != 3 {
		t.Errorf("keys %v", keys)
	}
}
