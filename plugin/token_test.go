// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

// config keeps the token that it has logged in with: nothing is signed, and the
// calls that follow ask nobody.
func TestATokenIsKept(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	start := s.now()
	first := s.fine()
	if user, ok := s.cloud.TokenUser(first.token); !ok || user != "alice" {
		t.Errorf("Keystone says %q, %v of it", user, ok)
	}
	if left := first.expires.Sub(start); left < lease-time.Second || left > lease+2*time.Second {
		t.Errorf("the lease is %s", left)
	}
	for range 20 {
		s.pass(11 * time.Second)
		if got := s.fine(); got.token != first.token || got.expires.Nanosecond() != 0 || got.expires.Before(s.now()) {
			t.Fatalf("got %+v", got)
		}
	}
	s.expect()
	if got, most := s.api.Tokens(), 20*11/60+2; got > most {
		t.Errorf("the API server was shown it %d times", got)
	}
	known, life := s.State.Credential(s.identity().Key()), s.store.lives[s.identity().Key()]
	if left := known.Until.Sub(start); left < 59*time.Minute || left > time.Hour || life > time.Hour || life < 59*time.Minute || known.Login == nil {
		t.Errorf("a store keeps it for %s; known is %+v", life, known)
	}
	if s.config(); s.signed() > 0 {
		t.Error("config had a certificate signed")
	}
	s.expect(logIn, "GET /v1/clusters/prod", "GET /v1/clustertemplates/"+s.template(), readCA)
}

func (s tokens) template() string {
	for _, r := range s.cloud.Requests() {
		if name, ok := strings.CutPrefix(r.Path, "/v1/clustertemplates/"); ok {
			return name
		}
	}
	return ""
}

// A token is replaced in time, at the cost of one request; also where Magnum does
// not answer.
func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.pass(55*time.Minute - 30*time.Second)
	if got := s.fine(); got.token != first.token || got.expires.Sub(s.now()) > 31*time.Second {
		t.Errorf("shortly before: another token, or until %s", got.expires.Sub(s.now()))
	}
	s.expect()
	s.pass(31 * time.Second)
	s.cloud.CloseMagnum()
	second := s.fine()
	if second.token == first.token {
		t.Error("it is still the same")
	}
	s.expect(logIn)
	if got := s.fine(); got.token != second.token {
		t.Error("the new one is not kept")
	}
	s.expect()
}

// Ten at once have one token given.
func TestATokenIsGotOnce(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	s.forget()
	var all sync.Map
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() { all.Store(s.fine().token, true) })
	}
	wait.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d tokens", n)
	}
	s.expect(logIn)
}

// A refused token is replaced once a lease, at the cost of one request.
func TestARefusedTokenIsReplaced(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	first := s.fine()
	s.pass(2 * lease)
	s.cloud.RevokeToken(first.token)
	second := s.fine()
	if second.token == first.token {
		t.Fatal("it is still the same")
	}
	s.expect(logIn)
	s.restore(s.store.all[len(s.store.all)-2])
	if got := s.fine(); got.token == first.token {
		t.Error("the revoked one is back")
	}
	s.asked()
	s.api.TakeTokens(nil)
	s.pass(2 * lease)
	var rejected *plugin.TokenRejectedError
	if got := s.take(); !errors.As(got.err, &rejected) || rejected.Before {
		t.Errorf("nobody takes any: got %v", got.err)
	}
	s.expect(logIn)
	if got := s.take(); !errors.As(got.err, &rejected) || !rejected.Before {
		t.Errorf("again: got %v", got.err)
	}
	s.expect()
	s.api.TakeTokens(s.cloud.TokenUser)
	s.fine()
	s.expect()
}

// One that takes the place of a refused one has a lease to be taken for good.
func TestATokenIsReplacedOnceALease(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	client := s.newClient()
	first := s.takeAs(client)
	s.pass(2 * lease)
	s.cloud.RevokeToken(first.token)
	second := s.takeAs(client)
	s.expect(logIn)
	s.cloud.RevokeToken(second.token)
	s.pass(2 * time.Second)
	var rejected *plugin.TokenRejectedError
	if got := s.takeAs(client); !errors.As(got.err, &rejected) || !rejected.Before {
		t.Errorf("got %v", got.err)
	}
	s.expect()
	s.pass(lease)
	s.fine()
	s.expect(logIn)
}

// A token that no store takes works all the same, and so does one of a version
// that is not ours to erase.
func TestATokenThatIsNotKept(t *testing.T) {
	t.Parallel()
	s := newTokens(t)
	var said []error
	s.change = func(r *plugin.CredentialRequest) { r.NotKept = func(err error) { said = append(said, err) } }
	s.store.data[s.identity().Key()] = []byte(`{"v":2,"token":"x"}`)
	s.fine()
	s.fine()
	s.expect(logIn, logIn)
	var notKept *plugin.NotKeptError
	if len(said) != 1 || !errors.As(said[0], &notKept) || !notKept.Token || !errors.Is(said[0], credential.ErrNewerVersion) {
		t.Errorf("told %v", said)
	}
	if string(s.store.data[s.identity().Key()]) != `{"v":2,"token":"x"}` {
		t.Error("a later version's record was erased")
	}
	s.store.fail(errors.New("too big"))
	s.fine()
}

// An API server that takes no token costs one request per lease, also where none is
// kept, or the one that was has ended.
func TestAServerThatRefusesAllIsNoReasonToAskOften(t *testing.T) {
	t.Parallel()
	var rejected *plugin.TokenRejectedError
	for name, edit := range map[string]func(tokens){
		"not kept":   func(s tokens) { s.store.fail(errors.New("full")); s.forget() },
		"at its end": func(s tokens) { s.pass(59*time.Minute + 55*time.Second) },
	} {
		s := newTokens(t)
		s.api.TakeTokens(nil)
		edit(s)
		for i := range 4 {
			if got := s.take(); !errors.As(got.err, &rejected) || rejected.Before != (i > 0) {
				t.Errorf("%s: got %v", name, got.err)
			}
			s.pass(time.Second)
		}
		s.expect(logIn)
		s.pass(lease)
		s.api.TakeTokens(s.cloud.TokenUser)
		s.fine()
	}
}
