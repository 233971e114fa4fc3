// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
)

// remove removes a cluster from the kubeconfig that config wrote for prod.
func (s *site) remove(cluster, file string, change func(*plugin.RemoveRequest)) (*plugin.RemoveResult, error) {
	s.t.Helper()
	r := plugin.RemoveRequest{
		Cluster: cluster, Paths: kubeconfig.Paths{Explicit: file},
		Logout: plugin.LogoutRequest{
			Stores:   []plugin.LogoutStore{{ClearableStore: s.store, Time: time.Minute}},
			Absent:   func(err error) bool { return errors.Is(err, cache.ErrAbsent) },
			Hopeless: func(err error) bool { return errors.Is(err, cache.ErrTimeout) },
		},
	}
	if change != nil {
		change(&r)
	}
	return s.Remove(s.t.Context(), r)
}

// file is the kubeconfig of the site.
func (s *site) file() string {
	s.t.Helper()
	files := s.State.Kubeconfigs(s.uuid())
	if len(files) != 1 {
		s.t.Fatalf("it is in %+v", files)
	}
	return files[0].File
}

// The entries go first, so that no kubectl gets a new record, and the name last, so
// that whoever is interrupted can run it again.
func TestRemoveGoesFromTheKubeconfigToTheName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	file := s.file()
	r := configProd(t)
	r.Clusters = []string{s.cloud.ClusterUUIDs("twin")[0]}
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.cloud.ResetRequests()
	inOrder := false
	s.store.onDelete = func(string) {
		text, _ := os.ReadFile(file)
		inOrder = !strings.Contains(string(text), s.uuid()) && s.State.HasCAFile(s.uuid()) && s.State.Cluster(s.uuid()).Name == "prod"
	}
	got, err := s.remove("prod", file, nil)
	if err != nil || got.UUID != s.uuid() || len(got.Changes) != 4 || len(got.Stores) != 1 || !got.Forgotten {
		t.Fatalf("got %+v, %v", got, err)
	}
	if !inOrder {
		t.Error("it was done in another order")
	}
	if len(s.store.data) != 1 || s.store.has(s.identity().Key()) || s.State.HasCAFile(s.uuid()) || slices.Contains(s.State.Clusters(), s.uuid()) || len(s.left(s.identity().Key())) > 0 {
		t.Errorf("left are %d records, %v, %q", len(s.store.data), s.State.Clusters(), s.left(s.identity().Key()))
	}
	if len(s.cloud.Requests()) > 0 {
		t.Errorf("the cloud was asked: %v", s.cloud.Requests())
	}
	if got, err := s.remove(s.uuid(), file, nil); err != nil || len(got.Changes) > 0 {
		t.Errorf("again: %+v, %v", got, err)
	}
}

func TestRemoveThatFailsCanBeRunAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first, file := s.good(), s.file()
	s.store.fail(cache.ErrLocked)
	_, err := s.remove("prod", file, nil)
	var failed *plugin.NotRemovedError
	if !errors.As(err, &failed) || !errors.Is(err, cache.ErrLocked) || len(failed.Result.Changes) != 4 || failed.Result.Forgotten {
		t.Fatalf("got %+v, %v", failed, err)
	}
	s.store.fail(nil)
	if got := s.good(); got.cert.Equal(first.cert) {
		t.Error("what is left is used again")
	}
	got, err := s.remove("prod", file, nil)
	if err != nil || len(got.Changes) > 0 || !got.Forgotten || len(s.store.data) > 0 {
		t.Errorf("got %+v, %v; left are %d", got, err, len(s.store.data))
	}
}

// What a store brings back after that is not used, though nothing else is
// remembered.
func TestWhatWasRemovedStaysRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.good()
	data := slices.Clone(s.store.all)
	if _, err := s.remove("prod", s.file(), nil); err != nil {
		t.Fatal(err)
	}
	s.pass(time.Second)
	r := configProd(t)
	if _, err := s.Config(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	s.store.mu.Lock()
	s.store.data[s.identity().Key()] = data[len(data)-1]
	s.store.mu.Unlock()
	if got := s.good(); got.cert.Equal(first.cert) {
		t.Error("it is used again")
	}
}

func TestRemoveRefusesBeforeItChangesAnything(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.good()
	file := s.file()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	name := kubeconfig.EntryName("prod", s.uuid())
	mine := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(mine, []byte("contexts: [{name: mine, context: {cluster: x, user: "+name+"}}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.remove("prod", "", func(r *plugin.RemoveRequest) {
		r.Paths = kubeconfig.Paths{Env: mine + string(os.PathListSeparator) + file}
	})
	var used *kubeconfig.InUseError
	if !errors.As(err, &used) {
		t.Errorf("got %v", err)
	}
	if got, err := s.remove("prod", file, func(r *plugin.RemoveRequest) { r.DryRun = true }); err != nil || len(got.Changes) != 4 || got.Forgotten {
		t.Errorf("dry run: %+v, %v", got, err)
	}
	if err := os.WriteFile(file+".lock", nil, 0); err != nil { // kubectl's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var locked *kubeconfig.LockedError
	if _, err := s.Remove(ctx, plugin.RemoveRequest{Cluster: "prod", Paths: kubeconfig.Paths{Explicit: file}}); !errors.As(err, &locked) {
		t.Errorf("got %v", err)
	}
	if now, err := os.ReadFile(file); err != nil || string(now) != string(text) || !s.store.has(s.identity().Key()) || !s.State.HasCAFile(s.uuid()) {
		t.Errorf("something is gone: %v", err)
	}
}
