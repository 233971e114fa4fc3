// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const refreshUUID = "11111111-2222-3333-4444-555555555555"

// refreshable is a kubeconfig with two entries of ours, one of them for the
// cluster that is asked for, and one of somebody else's, as a user might have
// left it.
func refreshable(t *testing.T) (file, text string) {
	t.Helper()
	entry := func(context, uuid, ca string) Entry {
		return Entry{
			Context: context, ClusterUUID: uuid, Server: "https://192.0.2.1:6443", CAData: []byte(ca),
			Exec: &Exec{Command: "kubectl-magnum", Args: []string{"credential", "--cluster=" + uuid}},
		}
	}
	data, err := Render([]Entry{
		entry("prod", refreshUUID, "old"), entry("staging", strings.Replace(refreshUUID, "1", "9", 1), "old"),
	}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	text = "# mine\n" + strings.Replace(string(data), "clusters:\n", "clusters:\n- cluster:\n    certificate-authority-data: b2xk # kept\n    server: https://x\n  name: other\n", 1)
	file = filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
	return file, text
}

func TestRefreshCAChangesOurEntryAlone(t *testing.T) {
	t.Parallel()
	file, before := refreshable(t)
	changed, err := RefreshCA(t.Context(), file, refreshUUID, []byte("new"), LockOwner{})
	if !changed || err != nil {
		t.Fatalf("got %v, %v", changed, err)
	}
	after, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The second of three: b2xk is old, bmV3 is new.
	i := strings.Index(before, "b2xk # kept") + len("b2xk # kept")
	if want := before[:i] + strings.Replace(before[i:], "b2xk", "bmV3", 1); string(after) != want {
		t.Errorf("got:\n%s", after)
	}
	changed, err = RefreshCA(t.Context(), file, refreshUUID, []byte("new"), LockOwner{})
	if changed || err != nil {
		t.Errorf("again: %v, %v", changed, err)
	}
}

func TestRefreshCALeavesAlone(t *testing.T) {
	t.Parallel()
	file, before := refreshable(t)
	if changed, err := RefreshCA(t.Context(), file, "another", []byte("new"), LockOwner{}); changed || err != nil {
		t.Errorf("another cluster: %v, %v", changed, err)
	}
	if changed, err := RefreshCA(t.Context(), filepath.Join(t.TempDir(), "none"), refreshUUID, []byte("new"), LockOwner{}); changed || err != nil {
		t.Errorf("no file: %v, %v", changed, err)
	}
	if err := os.WriteFile(file+".lock", nil, 0); err != nil { // kubectl's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var locked *LockedError
	if changed, err := RefreshCA(ctx, file, refreshUUID, []byte("new"), LockOwner{}); changed || !errors.As(err, &locked) {
		t.Errorf("locked: %v, %v", changed, err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != before {
		t.Errorf("changed, %v:\n%s", err, after)
	}
}

// An entry that names a CA file gets no CA beside it.
func TestRefreshCAAddsNothing(t *testing.T) {
	t.Parallel()
	data, err := Render([]Entry{{
		Context: "prod", ClusterUUID: refreshUUID, Server: "https://192.0.2.1:6443", CAFile: "/ca.crt",
		Exec: &Exec{Command: "kubectl-magnum", Args: []string{"credential", "--cluster=" + refreshUUID}},
	}}, "prod")
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(t.TempDir(), "config"), string(data))
	if changed, err := RefreshCA(t.Context(), file, refreshUUID, []byte("new"), LockOwner{}); changed || err != nil || contents(t, file) != string(data) {
		t.Errorf("got %v, %v:\n%s", changed, err, contents(t, file))
	}
}

// Where there is nothing to do it does not matter who holds the file.
func TestRefreshCATakesNoLockForNothing(t *testing.T) {
	t.Parallel()
	file, _ := refreshable(t)
	if err := os.WriteFile(file+".lock", nil, 0); err != nil { // kubectl's
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if changed, err := RefreshCA(ctx, file, refreshUUID, []byte("old"), LockOwner{}); changed || err != nil {
		t.Errorf("got %v, %v", changed, err)
	}
}

// A kubeconfig that is kept elsewhere stays there.
func TestRefreshCAFollowsALink(t *testing.T) {
	t.Parallel()
	file, _ := refreshable(t)
	link := filepath.Join(t.TempDir(), "config")
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	changed, err := RefreshCA(t.Context(), link, refreshUUID, []byte("new"), LockOwner{})
	if !changed || err != nil || !strings.Contains(contents(t, file), "bmV3") {
		t.Errorf("got %v, %v", changed, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
}
