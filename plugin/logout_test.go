// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
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
	return s.Logout(s.t.Context(), plugin.LogoutRequest{
		Cluster: cluster, Stores: stores,
		Absent: func(err error) bool { return errors.Is(err, cache.ErrUnavailable) },
	})
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
	s.store.onDelete = func(key string) { revoked = !s.State.Revocation(key, s.now().Add(time.Second)).Before.IsZero() }
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
	s.store.data["v1-cert-other"] = []byte("{}")
	if _, err := s.logout("prod"); err != nil || s.store.has(s.identity().Key()) || !s.store.has("v1-cert-other") {
		t.Errorf("got %v; left are %d", err, len(s.store.data))
	}
	s.good()
	s.store.noList = errors.ErrUnsupported
	if _, err := s.logout(s.uuid()); err != nil || s.store.has(s.identity().Key()) {
		t.Errorf("got %v; left are %d", err, len(s.store.data))
	}
	s.store.noList = nil
	if _, err := s.logout(""); err != nil || len(s.store.data) > 0 {
		t.Errorf("got %v; left are %d", err, len(s.store.data))
	}
}

func TestWhatLogoutCannotEraseIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, cluster := range []string{"prod", ""} {
		s := newSite(t)
		first := s.good()
		other := newMemory()
		s.store.fail(cache.ErrTimeout)
		done, err := s.logout(cluster, s.store, other)
		s.store.fail(nil)
		var failed *plugin.LogoutError
		if !errors.As(err, &failed) || failed.Unrevoked != nil || !errors.Is(err, cache.ErrTimeout) {
			t.Fatalf("got %v", err)
		}
		if len(done) != 2 || !errors.Is(done[0].Err, cache.ErrTimeout) || done[1].Err != nil {
			t.Errorf("got %+v", done)
		}
		if !s.store.has(s.identity().Key()) || len(s.left(s.identity().Key())) == 0 {
			t.Error("what is left is forgotten")
		}
		if got := s.good(); got.cert.Equal(first.cert) {
			t.Error("what is left is used again")
		}
	}
}

func TestLogoutThatCannotRevokeSaysSo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.RemoveAll(filepath.Join(s.State.Path, "revocations")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.State.Path, "revocations"), nil, 0o600); err != nil {
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

// That there is no such store is no failure, unless it is known to hold a key.
func TestLogoutOfAStoreThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.store.fail(cache.ErrUnavailable)
	for _, cluster := range []string{"prod", ""} {
		if done, err := s.logout(cluster); err == nil || done[0].Absent {
			t.Errorf("it holds a key: %+v, %v", done, err)
		}
	}
	s.pass(2 * time.Hour)
	for _, cluster := range []string{"prod", ""} {
		if done, err := s.logout(cluster); err != nil || !done[0].Absent {
			t.Errorf("it holds none: %+v, %v", done, err)
		}
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

// A call that is issuing would store its record after all is erased.
func TestLogoutWaitsForACallThatIssues(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	unlock, locked := s.State.Lock(t.Context(), s.identity().Key())
	if !locked {
		t.Fatal("no lock")
	}
	done := make(chan error)
	go func() {
		_, err := s.Logout(context.Background(), plugin.LogoutRequest{Cluster: "prod", Stores: []plugin.ClearableStore{s.store}, Absent: func(error) bool { return false }})
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	unlock()
	if err := <-done; err != nil || len(s.store.data) > 0 {
		t.Errorf("got %v; left are %d", err, len(s.store.data))
	}
}
