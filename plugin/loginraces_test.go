// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/login"
)

// one says that one application credential is left, and that it is the one that is
// kept.
func (d *desk) one() {
	d.t.Helper()
	made, kept := d.cloud.ApplicationCredentials(), d.KeptLogins()
	if len(made) != 1 || len(kept) != 1 || made[0].ID != kept[0].ID || len(d.keyring.data) != 1 {
		d.t.Fatalf("at Keystone are %+v, kept %+v and %d secrets", made, kept, len(d.keyring.data))
	}
	for _, data := range d.keyring.data {
		if record, err := login.Decode(data); err != nil || record.ID != made[0].ID {
			d.t.Errorf("the secret is of %+v, %v; at Keystone is %+v", record, err, made)
		}
	}
}

// Of two logins at once the last one is kept, and the others are revoked.
func TestTwoLoginsAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	var both, done sync.WaitGroup
	both.Add(2)
	d.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/v1/clusters") {
			both.Done()
			both.Wait() // until both have made theirs
		}
		return false
	})
	for range 2 {
		done.Go(func() {
			if r, err := d.login(t.Context()); err != nil || len(r.Left) > 0 {
				t.Errorf("got %+v, %v", r, err)
			}
		})
	}
	done.Wait()
	d.one()
}

// Trying the keyring is none of another login's business.
func TestLoginsTryTheKeyringAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Logins = &slowToGive{memory: d.keyring}
	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			if _, err := d.login(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	d.one()
}

type slowToGive struct{ *memory }

func (s *slowToGive) Get(ctx context.Context, key string) ([]byte, error) {
	time.Sleep(20 * time.Millisecond)
	return s.memory.Get(ctx, key)
}

// A keyring that erases nothing could not end a login.
func TestLoginNeedsAKeyringThatErases(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.Logins = keeping{d.keyring}
	var refused *plugin.LoginStoreError
	if _, err := d.login(t.Context()); !errors.As(err, &refused) || len(d.cloud.Requests()) > 0 {
		t.Errorf("got %v, asked %v", err, d.cloud.Requests())
	}
}

type keeping struct{ *memory }

func (keeping) Delete(context.Context, string) error { return cache.ErrUnavailable }

// A logout while a login is under way ends the one that was there, and the login's
// own is kept: it was later.
func TestLogoutWhileLoggingIn(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first := d.mustLogin()
	var once sync.Once
	d.cloud.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/v1/clusters") {
			once.Do(func() {
				ended, err := d.EndLogins(t.Context(), plugin.EndLoginsRequest{})
				if err != nil || len(ended) != 1 || ended[0].ID != first.ID {
					t.Errorf("got %+v, %v", ended, err)
				}
			})
		}
		return false
	})
	d.mustLogin()
	d.one()
}

// late is a keyring that keeps what it is given, though it says that it timed out,
// and says no more for a while.
type late struct {
	*memory
	silent bool
}

func (l *late) Put(ctx context.Context, key string, data []byte, life time.Duration) error {
	err := l.memory.Put(ctx, key, data, life)
	if strings.Contains(key, "probe") {
		return err
	}
	l.silent = true
	return cache.ErrTimeout
}

func (l *late) Get(ctx context.Context, key string) ([]byte, error) {
	if l.silent {
		return nil, cache.ErrTimeout
	}
	return l.memory.Get(ctx, key)
}

// Where nobody knows what a keyring has it is given what it had.
func TestLoginThatTheKeyringTookLate(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	d.Logins = &late{memory: d.keyring}
	var refused *plugin.LoginStoreError
	if _, err := d.login(t.Context()); !errors.As(err, &refused) {
		t.Errorf("got %v", err)
	}
	d.one()
}

// Where keyring and state tell of two, both are revoked.
func TestLoginRevokesAllFormers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.mustLogin()
	keys, all := d.State.KeptLogins()
	key, former := keys[0], all[keys[0]]
	data := d.keyring.data[key]
	// The second one forgets the first.
	if err := d.State.ForgetKeptLogin(key); err != nil {
		t.Fatal(err)
	}
	delete(d.keyring.data, key)
	d.mustLogin()
	d.keyring.data[key] = data
	if len(d.cloud.ApplicationCredentials()) != 2 || former.ID == d.KeptLogins()[0].ID {
		t.Fatal("there are not two")
	}
	d.mustLogin()
	d.one()
}

// What Keystone may still make is told of, by its name.
func TestLoginWhoseFateIsUnknown(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"no answer": func(w http.ResponseWriter) {
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = conn.Close()
			}
		},
		"a proxy's patience ends": func(w http.ResponseWriter) { w.WriteHeader(http.StatusRequestTimeout) },
		"a proxy gives up":        func(w http.ResponseWriter) { w.WriteHeader(http.StatusGatewayTimeout) },
		"too many ask":            func(w http.ResponseWriter) { w.WriteHeader(http.StatusTooManyRequests) },
	} {
		d := newDesk(t)
		made := ""
		d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/application_credentials") {
				return false
			}
			body, _ := io.ReadAll(r.Body)
			_, rest, _ := strings.Cut(string(body), `"name":"`)
			made, _, _ = strings.Cut(rest, `"`)
			answer(w)
			return true
		})
		_, err := d.login(t.Context())
		var left *plugin.LeftError
		if !errors.As(err, &left) || left.ID != made || made == "" || !strings.Contains(err.Error(), made+" may still be made") {
			t.Errorf("%s: got %v", name, err)
		}
		d.nothing()
	}
}

// A Keystone that repeats the secret when it is asked to revoke.
func TestLoginTakenBackShowsNoSecret(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.cloud.RefuseAccessRules()
	secret := ""
	d.cloud.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/application_credentials"):
			body, _ := io.ReadAll(r.Body)
			_, after, _ := strings.Cut(string(body), `"secret":"`)
			secret, _, _ = strings.Cut(after, `"`)
			r.Body = io.NopCloser(bytes.NewReader(body))
		case r.Method == http.MethodDelete:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":{"message":"cannot drop `+secret+`","code":500}}`)
			return true
		}
		return false
	})
	if _, err := d.login(t.Context()); err == nil || secret == "" || strings.Contains(err.Error(), secret) {
		t.Errorf("got %v", err)
	}
}
