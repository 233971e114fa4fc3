// SPDX-License-Identifier: Apache-2.0

package credential_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

// fernet has the length and alphabet of Keystone's.
var fernet = "gAAAAAB" + strings.Repeat("x-_", 60) + "=="

func tokenIdentity() credential.Identity {
	return credential.Identity{
		Cluster: alice.Cluster, Project: alice.Project, Owner: alice.Owner,
		Login: &credential.Login{Cloud: "work", Region: "one"},
	}
}

func tokenRecord(t testing.TB, token string, life time.Duration) *credential.Record {
	t.Helper()
	rec, err := credential.NewTokenRecord(tokenIdentity(), token, now.Add(life), now)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestTokenUsable(t *testing.T) {
	t.Parallel()
	fix := newFixture(t, nil)
	for _, test := range []struct {
		name string
		edit func(r *credential.Record, t *credential.Terms)
		want error
	}{
		{"as issued", func(*credential.Record, *credential.Terms) {}, nil},
		{"a CA is pinned", func(_ *credential.Record, t *credential.Terms) { t.Signers = fix.terms.Signers }, nil},
		{"older than max age", func(_ *credential.Record, t *credential.Terms) { t.MaxAge = time.Second }, nil},
		{"another cluster", func(_ *credential.Record, t *credential.Terms) {
			t.Identity.Cluster = "00000000-7341-4c80-ba27-1db4db9c7eca"
		}, credential.ErrOtherIdentity},
		{"names another cluster", func(r *credential.Record, _ *credential.Terms) { r.Cluster = "" }, credential.ErrOtherIdentity},
		{"another project", func(_ *credential.Record, t *credential.Terms) { t.Identity.Project = "x" }, credential.ErrOtherIdentity},
		{"another OpenStack user", func(_ *credential.Record, t *credential.Terms) { t.Identity.Owner = "x" }, credential.ErrOtherIdentity},
		{"another cloud", func(_ *credential.Record, t *credential.Terms) { t.Identity.Login.Cloud = "work-all-rights" }, credential.ErrOtherIdentity},
		{"another region", func(_ *credential.Record, t *credential.Terms) { t.Identity.Login.Region = "two" }, credential.ErrOtherIdentity},
		{"a certificate is asked for", func(r *credential.Record, t *credential.Terms) {
			t.Identity, r.Identity = alice, alice.Key()
		}, credential.ErrOtherIdentity},
		{"revoked since", func(_ *credential.Record, t *credential.Terms) { t.Revoked.Before = now.Add(time.Second) }, credential.ErrRevoked},
		{"revoked are those before it", func(_ *credential.Record, t *credential.Terms) { t.Revoked.Before = now }, nil},
		{"revoked by name", func(r *credential.Record, t *credential.Terms) { t.Revoked.Names = []string{"aa", r.Name()} }, credential.ErrRevoked},
		{"got a minute ahead", func(_ *credential.Record, t *credential.Terms) { t.Now = now.Add(-time.Minute) }, nil},
		{"got later than that", func(_ *credential.Record, t *credential.Terms) { t.Now = now.Add(-61 * time.Second) }, credential.ErrFromFuture},
		{"a second before the margin", func(_ *credential.Record, t *credential.Terms) { t.Now = now.Add(55*time.Minute - time.Second) }, nil},
		{"at the margin", func(_ *credential.Record, t *credential.Terms) { t.Now = now.Add(55 * time.Minute) }, credential.ErrTooOld},
		{"expired", func(_ *credential.Record, t *credential.Terms) { t.Now = now.Add(time.Hour) }, credential.ErrTooOld},
		{"ended before it was got", func(r *credential.Record, _ *credential.Terms) { r.Expires = now.Add(-time.Hour) }, credential.ErrTooOld},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rec := tokenRecord(t, fernet, time.Hour)
			terms := credential.Terms{Identity: tokenIdentity(), Now: now}
			test.edit(rec, &terms)
			until, err := rec.Usable(terms)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if err == nil && !until.After(terms.Now) {
				t.Errorf("usable until %v, which is past", until)
			}
		})
	}
	// Nor is a certificate handed out where a token is asked for.
	fix.rec.Identity, fix.terms.Identity = tokenIdentity().Key(), tokenIdentity()
	if _, err := fix.rec.Usable(fix.terms); !errors.Is(err, credential.ErrOtherIdentity) {
		t.Errorf("a certificate in place of a token: %v", err)
	}
}

// A token is given up in time, also one that was near its end when we got it, and
// in whole seconds, as clients are told.
func TestTokenUsableUntil(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{
		24 * time.Hour: 24*time.Hour - 5*time.Minute, time.Hour: 55 * time.Minute, 5 * time.Minute: 270 * time.Second,
		25 * time.Second: 22 * time.Second, 2 * time.Second: time.Second,
	} {
		until, err := tokenRecord(t, fernet, life).Usable(credential.Terms{Identity: tokenIdentity(), Now: now})
		if err != nil || until.Sub(now) != want {
			t.Errorf("of %s it is used %s (%v), want %s", life, until.Sub(now), err, want)
		}
	}
}

// One that has no successor is used for longer, and refused for all the same.
func TestLastTokenUsableUntil(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{time.Hour: time.Hour - 10*time.Second, 20 * time.Second: 18 * time.Second} {
		until, err := tokenRecord(t, fernet, life).Usable(credential.Terms{Identity: tokenIdentity(), Now: now, Last: true})
		if err != nil || until.Sub(now) != want {
			t.Errorf("of %s it is used %s (%v), want %s", life, until.Sub(now), err, want)
		}
	}
	rec, terms := tokenRecord(t, fernet, time.Hour), credential.Terms{Identity: tokenIdentity(), Now: now.Add(time.Hour - 10*time.Second), Last: true}
	if _, err := rec.Usable(terms); !errors.Is(err, credential.ErrTooOld) {
		t.Errorf("at its end: %v", err)
	}
	terms.Now, terms.Revoked.Names = now, []string{rec.Name()}
	if _, err := rec.Usable(terms); !errors.Is(err, credential.ErrRevoked) {
		t.Errorf("revoked: %v", err)
	}
}

func TestTokenRoundTrip(t *testing.T) {
	t.Parallel()
	rec := tokenRecord(t, fernet, time.Hour)
	data := encode(t, rec)
	got, err := credential.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, rec) {
		t.Errorf("got %+v, want %+v", got, rec)
	}
	if bytes.ContainsFunc(data, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("not printable ASCII: %q", data)
	}
	for name, token := range map[string]string{"fernet of an application credential": strings.Repeat("x", 300), "JWS": strings.Repeat("x", 2000)} {
		if n := len(encode(t, tokenRecord(t, token, time.Hour))); n > cache.MaxSize {
			t.Errorf("%s: the record has %d bytes", name, n)
		}
	}
}

func TestDecodeRefusesTokens(t *testing.T) {
	t.Parallel()
	good := string(encode(t, tokenRecord(t, fernet, time.Hour)))
	certificate := string(encode(t, newFixture(t, nil).rec))
	_, crt, _ := strings.Cut(certificate, `"key"`)
	for name, data := range map[string]string{
		"cut short":         good[:len(good)-10],
		"two":               good + good,
		"unknown field":     strings.Replace(good, `{"v":1`, `{"v":1,"x":1`, 1),
		"no token":          strings.Replace(good, fernet, "", 1),
		"no end":            strings.Replace(good, `"exp":`, `"iat":`, 1),
		"end is a fraction": strings.Replace(good, `"exp":1`, `"exp":1.1`, 1),
		"a line break":      strings.Replace(good, fernet, `x\r\nX-Evil: 1`, 1),
		"a space":           strings.Replace(good, fernet, "x y", 1),
		"not ASCII":         strings.Replace(good, fernet, "ä", 1),
		"padding alone":     strings.Replace(good, fernet, "==", 1),
		"padding inside":    strings.Replace(good, fernet, "a=b", 1),
		"a quote":           strings.Replace(good, fernet, `\"`, 1),
		"and a certificate": strings.Replace(good, `"token"`, `"key"`+crt[:len(crt)-len(`,"iat":1780315200}`)]+`,"token"`, 1),
		"and a key":         strings.Replace(good, `"token"`, `"key":"AAAA","token"`, 1),
		"and a CA":          strings.Replace(good, `"token"`, `"ca":"00","token"`, 1),
		"and a CA's end":    strings.Replace(good, `"token"`, `"caexp":1,"token"`, 1),
		"certificate, end":  strings.Replace(certificate, `"iat"`, `"exp":1,"iat"`, 1),
	} {
		if data == good || data == certificate || !json.Valid([]byte(data)) && name != "cut short" && name != "two" {
			t.Errorf("%s: tests nothing: %s", name, data)
		}
		if _, err := credential.Decode([]byte(data)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	newer := strings.Replace(good, `"v":1`, `"v":2,"more":[]`, 1)
	if _, err := credential.Decode([]byte(newer)); !errors.Is(err, credential.ErrNewerVersion) {
		t.Errorf("newer version: got %v", err)
	}
	for _, token := range []string{"", "a b", "a\n", "ä", "=", "a=b"} {
		if _, err := credential.NewTokenRecord(tokenIdentity(), token, now, now); !errors.Is(err, credential.ErrNotToken) {
			t.Errorf("%q from Keystone: got %v", token, err)
		}
	}
}

// Of two copies of a token the one that was got last counts.
func TestNewerToken(t *testing.T) {
	t.Parallel()
	rec := tokenRecord(t, fernet, time.Hour)
	old := encode(t, rec)
	rec.Issued = rec.Issued.Add(time.Second)
	if fresh := encode(t, rec); !credential.Newer(fresh, old) || credential.Newer(old, fresh) || !credential.Newer(old, []byte("x")) {
		t.Error("the older one is")
	}
}

// A token is named without being shown.
func TestTokenName(t *testing.T) {
	t.Parallel()
	a, b := tokenRecord(t, fernet, time.Hour), tokenRecord(t, "x"+fernet, time.Hour)
	if a.Name() == b.Name() || a.Name() != tokenRecord(t, fernet, time.Minute).Name() || strings.Contains(a.Name(), "gAAA") {
		t.Errorf("names %q and %q", a.Name(), b.Name())
	}
}

func TestTokenKey(t *testing.T) {
	t.Parallel()
	certificate, named := tokenIdentity(), tokenIdentity()
	certificate.Login, named.User, named.Groups = nil, "alice", []string{"system:masters"}
	if tokenIdentity().Key() == certificate.Key() || !strings.HasPrefix(tokenIdentity().Key(), "v1-token-") {
		t.Errorf("keys %q and %q", tokenIdentity().Key(), certificate.Key())
	}
	if tokenIdentity().Key() != named.Key() {
		t.Error("what only certificates have changes a token's key")
	}
}

func TestAnswerWithToken(t *testing.T) {
	t.Parallel()
	info := credential.ExecInfo{APIVersion: "client.authentication.k8s.io/v1"}
	out, err := info.Answer(tokenRecord(t, fernet, time.Hour), now.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	var got clientauthv1.ExecCredential
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got.Status.Token != fernet || !got.Status.ExpirationTimestamp.Time.Equal(now.Add(time.Minute)) || bytes.Contains(out, []byte("clientKeyData")) {
		t.Errorf("got %s", out)
	}
}

// Whatever a store brings back, it is the token that was kept, or a miss.
func FuzzDecodeToken(f *testing.F) {
	good := encode(f, tokenRecord(f, fernet, time.Hour))
	f.Add(good)
	f.Add(bytes.Replace(good, []byte(`"exp":1`), []byte(`"exp":9`), 1))
	f.Add(bytes.Replace(good, []byte(`"token"`), []byte(`"key":"AAAA","token"`), 1))
	f.Add(encode(f, newFixture(f, nil).rec))
	f.Add([]byte(`{"v":1,"token":"x","exp":1,"iat":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := credential.Decode(data)
		if err != nil {
			return
		}
		again, err := rec.Encode()
		if err != nil {
			t.Fatalf("%s decodes, but not back: %v", data, err)
		}
		if strings.ContainsFunc(rec.Token, func(r rune) bool { return r <= ' ' || r > '~' }) || rec.IsToken() == (rec.Key != nil) {
			t.Fatalf("neither a token nor a certificate: %s", again)
		}
		until, err := rec.Usable(credential.Terms{Identity: tokenIdentity(), Now: now})
		if err == nil && (!rec.IsToken() || rec.Identity != tokenIdentity().Key() || !until.After(now) || !until.Before(rec.Expires)) {
			t.Fatalf("accepted until %s: %s", until, again)
		}
	})
}
