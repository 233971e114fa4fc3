// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// remember fills d with what there may be of a cluster.
func remember(t *testing.T, d state.Dir, id string, now time.Time) {
	t.Helper()
	ca := pkitest.NewCA(t, "prod", now).Certificate
	for _, err := range []error{
		d.SetCluster(id, state.Cluster{Name: "prod", Retired: []string{"x"}}),
		d.WriteCAFile(id, append(d.Cluster(id).Pinned, ca)),
		d.AddKubeconfig(id, state.Kubeconfig{File: filepath.Join(d.Path, "a")}),
		d.SetRotation(id, state.Rotation{Before: "x", Asked: now}),
		d.SetLogin("login-1"+id[:4], state.Login{Cluster: id, AuthURL: "https://127.0.0.1"}),
		d.SetLogin("login-2"+id[:4], state.Login{Cluster: id, AuthURL: "https://127.0.0.1"}),
		d.SetLogout(id, now),
		d.SetRevocation("k"+id[:4], state.Revocation{}.With("x", now)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// filesOf are the files below the directories of d, without their names' ends.
func filesOf(t *testing.T, d state.Dir) []string {
	t.Helper()
	var found []string
	for _, dir := range []string{d.Path, d.CAs} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				found = append(found, filepath.ToSlash(strings.TrimPrefix(path, filepath.Dir(d.CAs))))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestForgetClusterLeavesOthersAndWhatIsRevoked(t *testing.T) {
	t.Parallel()
	d, now := newDir(t), time.Now()
	remember(t, d, dev, now)
	want := filesOf(t, d)
	remember(t, d, cluster, now)
	for range 2 {
		if err := d.ForgetCluster(cluster); err != nil {
			t.Fatal(err)
		}
	}
	if d.Logout(cluster, now).IsZero() || len(d.Revocation("k"+cluster[:4], now).Certificates) != 1 {
		t.Error("what is revoked is forgotten")
	}
	got := filesOf(t, d)
	for i := len(got) - 1; i >= 0; i-- {
		if strings.Contains(got[i], "logouts/"+cluster) || strings.Contains(got[i], "revocations/k"+cluster[:4]) {
			got = append(got[:i], got[i+1:]...)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := d.ForgetCluster("../x"); err == nil {
		t.Error("a path is a cluster")
	}
	if err := (state.Dir{}).ForgetCluster(cluster); err != nil {
		t.Errorf("nothing is kept anywhere: %v", err)
	}
}

// Who cannot remove all of it finds the cluster by its name again.
func TestForgetClusterThatFailsKeepsTheName(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	remember(t, d, cluster, time.Now())
	full := filepath.Join(d.Path, "rotations", cluster+".json")
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(full, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := d.ForgetCluster(cluster); err == nil || d.Cluster(cluster).Name != "prod" || d.HasCAFile(cluster) {
		t.Errorf("got %v, %+v", err, d.Cluster(cluster))
	}
}
