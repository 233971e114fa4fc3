// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// logout logs out of a cluster, or with "" of all.
func (s *site) logout(cluster string, stores ...plugin.ClearableStore) ([]plugin.StoreLogout, error) {
	s.t.Helper()
	if stores == nil {
		stores = []plugin.ClearableStore{s.store}
	}
	r := plugin.LogoutRequest{
		Cluster:  cluster,
		Absent:   func(err error) bool { return errors.Is(err, cache.ErrAbsent) },
		Hopeless: func(err error) bool { return errors.Is(err, cache.ErrTimeout) },
	}
	for _, store := range stores {
		r.Stores = append(r.Stores, plugin.LogoutStore{ClearableStore: store, Time: time.Minute})
	}
	return s.Logout(s.t.Context(), r)
}

// left is what is on the disk of one credential, beside the revocation.
func (s *site) left(key string) []string {
	var found []string
	for _, what := range []string{"credentials", "uses", "failures", "notices"} {
		path := filepath.Join(s.State.Path, what, key+".json")
		if _, err := os.Stat(path); err == nil {
			found = append(found, what)
		}
	}
	return found
}

func TestLogoutErasesWhatBelongsToTheCluster(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := configProd(t)
	r.Clusters = []string{s.cloud.ClusterUUIDs("twin")[0]}
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.good()
	key := s.identity().Key()
	revoked := false
	s.store.onDelete = func(string) { revoked = !s.State.Logout(s.uuid(), s.now()).IsZero() }
	s.cloud.ResetRequests()
	done, err := s.logout("prod")
	if err != nil || len(done) != 1 || done[0].Store != "memory" || done[0].Err != nil {
		t.Fatalf("got %+v, %v", done, err)
	}
	if s.store.has(key) || len(s.store.data) != 1 || len(s.left(key)) > 0 {
		t.Errorf("the store has %d records; on the disk are %q", len(s.store.data), s.left(key))
	}
	if !revoked {
		t.Error("it was erased before it was revoked")
	}
	if len(s.cloud.Requests()) > 0 {
		t.Errorf("the cloud was asked: %v", s.cloud.Requests())
	}
	if got := s.good(); got.cert == nil || s.signed() != 1 {
		t.Errorf("%d certificates were signed after that", s.signed())
	}
	if s.good(); s.signed() != 1 {
		t.Error("what was issued after that is taken for revoked")
	}
}

// What is remembered may be lost, and some stores cannot list.
func TestLogoutFindsRecordsOfWhichNothingIsKnown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.RemoveAll(filepath.Join(s.State.Path, "credentials")); err != nil {
		t.Fatal(err)
	}
	if done, err := s.logout("prod"); err != nil || s.store.has(s.identity().Key()) || done[0].Unsure {
		t.Errorf("got %+v, %v; left are %d", done, err, len(s.store.data))
	}
	s.store.data["v1-cert-other"] = []byte(`{"v":2}`)
	s.good()
	if done, err := s.logout("prod"); err != nil || !done[0].Unsure || !s.store.has("v1-cert-other") {
		t.Errorf("with one that cannot be read: %+v, %v", done, err)
	}
	s.good()
	s.store.noList = errors.ErrUnsupported
	if done, err := s.logout(s.uuid()); err != nil || s.store.has(s.identity().Key()) || !done[0].Unsure {
		t.Errorf("without a list: %+v, %v; left are %d", done, err, len(s.store.data))
	}
	s.store.noList = nil
	if _, err := s.logout(""); err != nil || len(s.store.data) > 0 {
		t.Errorf("got %v; left are %d", err, len(s.store.data))
	}
}

// Be it that what is remembered was lost, that clocks were set back since, or
// that a call comes in the same second.
func TestWhatLogoutCannotEraseIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for name, bring := range map[string]func(*site){
		"known":     func(*site) {},
		"forgotten": func(s *site) { _ = os.RemoveAll(filepath.Join(s.State.Path, "credentials")) },
		"set back":  func(s *site) { s.pass(-10 * time.Minute) },
	} {
		for _, cluster := range []string{"prod", ""} {
			s := newSite(t)
			first := s.good()
			bring(s)
			other := newMemory()
			s.store.fail(cache.ErrTimeout)
			done, err := s.logout(cluster, s.store, other)
			s.store.fail(nil)
			var failed *plugin.LogoutError
			if !errors.As(err, &failed) || failed.Unrevoked != nil || !errors.Is(err, cache.ErrTimeout) {
				t.Fatalf("%s: got %v", name, err)
			}
			if len(done) != 2 || !errors.Is(done[0].Err, cache.ErrTimeout) || done[1].Err != nil {
				t.Errorf("%s: got %+v", name, done)
			}
			if name == "known" && len(s.left(s.identity().Key())) == 0 {
				t.Error("what is left is forgotten")
			}
			if name == "set back" {
				s.pass(10*time.Minute + time.Second)
			}
			if got := s.ask(); got.err != nil || got.cert.Equal(first.cert) {
				t.Errorf("%s: what is left is used again, %v", name, got.err)
			}
		}
	}
}

func TestLogoutThatCannotRevokeSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.WriteFile(filepath.Join(s.State.Path, "logouts"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.store.fail(cache.ErrLocked)
	_, err := s.logout("prod")
	var failed *plugin.LogoutError
	if !errors.As(err, &failed) || failed.Unrevoked == nil {
		t.Errorf("got %v", err)
	}
	s.store.fail(nil)
	if _, err := s.logout("prod"); err != nil || s.store.has(s.identity().Key()) {
		t.Errorf("where the store works: %v", err)
	}
}

// That nothing can be asked of a store is no failure, unless it took a key once:
// few stores forget by themselves.
func TestLogoutOfAStoreThatIsNotThere(t *testing.T) {
	t.Parallel()
	for _, cluster := range []string{"prod", ""} {
		s := newSite(t)
		never := newMemory()
		never.name = "never used"
		never.fail(cache.ErrAbsent)
		if done, err := s.logout(cluster, never); err != nil || !done[0].Skipped {
			t.Errorf("never used: %+v, %v", done, err)
		}
		s = newSite(t)
		s.pass(240 * time.Hour)
		s.store.fail(cache.ErrAbsent)
		if done, err := s.logout(cluster); err == nil || done[0].Skipped || !errors.Is(done[0].Err, cache.ErrAbsent) {
			t.Errorf("used: %+v, %v", done, err)
		}
		s.store.fail(cache.ErrUnavailable) // of one item
		if done, err := s.logout(cluster, never, s.store); err == nil || done[1].Skipped {
			t.Errorf("refused: %+v, %v", done, err)
		}
	}
}

// A store that does not answer is not asked for each key.
func TestLogoutAsksInVainOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, user := range []string{"b", "c"} {
		s.change = func(r *plugin.CredentialRequest) { r.Identity.User = user }
		s.good()
	}
	s.store.fail(cache.ErrTimeout)
	asked := 0
	s.store.onDelete = func(string) { asked++ }
	if _, err := s.logout("prod"); err == nil || asked != 1 {
		t.Errorf("asked %d times, %v", asked, err)
	}
}

// It may hang after it has listed what it has, too.
func TestLogoutSaysThatAStoreHangsWhileItReads(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_ = os.RemoveAll(filepath.Join(s.State.Path, "credentials"))
	s.store.noGet = cache.ErrTimeout
	if _, err := s.logout("prod"); !errors.Is(err, cache.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

// A store that did not answer may have taken the record all the same.
func TestLogoutKnowsOfAStoreThatMayHaveTakenARecord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	slow := newMemory()
	slow.name = "slow"
	s.Store = slow
	s.forget()
	slow.fail(cache.ErrTimeout)
	s.good()
	slow.fail(cache.ErrAbsent)
	if done, err := s.logout("prod", slow); err == nil || done[0].Skipped {
		t.Errorf("got %+v, %v", done, err)
	}
}

// What one credential's clock said does not weaken the revocation of others.
func TestLogoutIsNotVoidedByATimeInTheFuture(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	if err := s.State.AddCredential("v1-cert-other", state.Credential{Cluster: s.uuid(), User: "x", Issued: s.now().Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_ = s.State.ForgetCredential(s.identity().Key())
	s.store.fail(cache.ErrTimeout)
	if _, err := s.logout(""); err == nil {
		t.Fatal("no error")
	}
	s.store.fail(nil)
	if got := s.good(); got.cert.Equal(first.cert) {
		t.Error("what is left is used again")
	}
}

// The kernel keyring of a container is the host's.
func TestLogoutLeavesASharedStoreAloneUnlessItWasUsed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	other := newMemory()
	other.name = "shared"
	other.data["v1-cert-x"] = []byte("of somebody else")
	logout := func(stores ...plugin.LogoutStore) []plugin.StoreLogout {
		done, err := s.Logout(t.Context(), plugin.LogoutRequest{Stores: stores})
		if err != nil {
			t.Error(err)
		}
		return done
	}
	shared := plugin.LogoutStore{ClearableStore: other, Time: time.Minute, OnlyIfUsed: true}
	if done := logout(shared); !done[0].Skipped || len(other.data) != 1 {
		t.Errorf("got %+v; left are %d", done, len(other.data))
	}
	s.Store = other
	s.good()
	if done := logout(shared); done[0].Skipped || len(other.data) != 0 {
		t.Errorf("got %+v; left are %d", done, len(other.data))
	}
}

func TestLogoutOfAnUnknownCluster(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var unknown *plugin.UnknownHereError
	if _, err := s.logout("nosuch"); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
	s.State = state.Dir{}
	if _, err := s.logout(""); err != nil || len(s.store.data) > 0 {
		t.Errorf("without state: %v; left are %d", err, len(s.store.data))
	}
}

// sudo keeps HOME, but not the keyring.
func TestLogoutOfAnotherUsersHomeIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	s := newSite(t)
	s.good()
	before := s.left(s.identity().Key())
	if err := os.Chown(s.State.Path, 4711, 4711); err != nil {
		t.Fatal(err)
	}
	for _, cluster := range []string{"prod", ""} {
		if _, err := s.logout(cluster); !errors.Is(err, state.ErrForeign) {
			t.Errorf("got %v", err)
		}
	}
	if after := s.left(s.identity().Key()); len(after) != len(before) || len(s.store.data) != 1 {
		t.Errorf("left are %q of %q, and %d records", after, before, len(s.store.data))
	}
}
