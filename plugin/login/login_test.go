// SPDX-License-Identifier: Apache-2.0

package login_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func newRecord() *login.Record {
	return &login.Record{
		Account: login.Account{AuthURL: "https://k.example/v3", UserID: "u1", ProjectID: "p1"},
		ID:      "id1", Secret: "s3cret", Made: now.Add(-time.Hour), ExpiresAt: now.Add(time.Hour),
		TLS: openstack.TLS{
			CACert: "/home/jürgen/𝒳 ca.pem", Cert: "/c", Key: "/k",
			SystemCAs: openstack.SystemCAs{SSLCertFile: "/f", SSLCertDir: "/d"},
		},
		Region: "One", Interface: "internal", Endpoint: "https://m.example/v1",
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*login.Record)
		want   error
	}{
		{"as it was made", func(*login.Record) {}, nil},
		{"another Keystone", func(r *login.Record) { r.AuthURL = "https://evil.example/v3" }, login.ErrOther},
		{"another user", func(r *login.Record) { r.UserID = "u2" }, login.ErrOther},
		{"another project", func(r *login.Record) { r.ProjectID = "p2" }, login.ErrOther},
		{"another application credential", func(r *login.Record) { r.ID = "id2" }, login.ErrOther},
		{"no secret", func(r *login.Record) { r.Secret = "" }, login.ErrOther},
		{"expired", func(r *login.Record) { r.ExpiresAt = now.Add(-time.Second) }, login.ErrExpired},
		{"expiring", func(r *login.Record) { r.ExpiresAt = now }, login.ErrExpired},
		{"without an end", func(r *login.Record) { r.ExpiresAt = time.Time{} }, login.ErrExpired},
		{"of a clock that is a bit ahead", func(r *login.Record) { r.Made = now.Add(time.Minute) }, nil},
		{"made in the future", func(r *login.Record) { r.Made = now.Add(2 * time.Minute) }, login.ErrFuture},
	} {
		r := newRecord()
		account := r.Account
		test.change(r)
		if err := r.Usable(account, "id1", now); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
	if err := (&login.Record{}).Usable(login.Account{}, "", now); !errors.Is(err, login.ErrOther) {
		t.Errorf("nothing: got %v", err)
	}
}

func TestRecordSurvivesAStore(t *testing.T) {
	t.Parallel()
	r := newRecord()
	data, err := r.Encode()
	if err != nil || strings.ContainsFunc(string(data), func(c rune) bool { return c < ' ' || c > '~' }) {
		t.Fatalf("%s, %v", data, err)
	}
	got, err := login.Decode(data)
	if diff := cmp.Diff(r, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// What Keystone makes, with three long paths.
	long := strings.Repeat("a", 300)
	r.ID, r.UserID, r.ProjectID, r.Secret = long[:32], long[:64], long[:32], long[:43]
	r.TLS = openstack.TLS{CACert: long, Cert: long, Key: long}
	if data, err = r.Encode(); err != nil || len(data) > cache.MaxSize {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	good, _ := newRecord().Encode()
	for _, text := range []string{
		"", "{}", "null", "[]", "probe", string(good) + "{}", string(good[1:]), strings.Replace(string(good), `"v":1`, `"v":0`, 1),
		strings.Replace(string(good), `{`, `{"s3cret":1,`, 1), strings.Replace(string(good), `"iat":1`, `"iat":"s3cret`, 1),
	} {
		if r, err := login.Decode([]byte(text)); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %+v, %v", text, r, err)
		}
	}
	if _, err := login.Decode([]byte(`{"v":2,"more":1}`)); !errors.Is(err, login.ErrNewer) {
		t.Errorf("a newer version: got %v", err)
	}
}

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]login.Account{}
	for _, a := range []login.Account{{}, {"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"", "ab", "c"}, {"c", "b", "a"}} {
		if b, ok := seen[a.Key()]; ok {
			t.Errorf("%v and %v have one key", a, b)
		}
		seen[a.Key()] = a
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := newRecord().Encode()
	f.Add(good)
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := login.Decode(data)
		if err != nil {
			return
		}
		again, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if s, err := login.Decode(again); err != nil || !cmp.Equal(r, s) {
			t.Errorf("%q became %q, %v", data, again, err)
		}
	})
}
