// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whoever may write above the root decides what is in it: a run refuses that.
func TestInspectAboveItsRoot(t *testing.T) {
	t.Parallel()
	s := newSigner(t)
	above := filepath.Join(t.TempDir(), "above")
	root := filepath.Join(above, "root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	s.must(t, root, worker(), Options{})
	if err := os.Chmod(above, 0o777); err != nil {
		t.Fatal(err)
	}
	found, err := Inspect(root, worker(), Owner{}, s.authorities(), now)
	if diff := cmp.Diff([]string{above + ": it can be written by others"}, wrong(found)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// A node whose files were given away is looked at as whose they are.
func TestInspectOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	s, root := newSigner(t), newRoot(t)
	owner := Owner{Set: true, UID: 12345, GID: 12346}
	if _, _, err := s.runAs(root, worker(), owner, Options{}); err != nil {
		t.Fatal(err)
	}
	found, err := Inspect(root, worker(), owner, s.authorities(), now)
	if err != nil || found.Problems() > 0 {
		t.Errorf("%v, %q", err, wrong(found))
	}
	found, err = Inspect(root, worker(), Owner{}, s.authorities(), now)
	if got := wrong(found); err != nil || found.Problems() != 4+1 || !slices.Contains(got, "etc/kubernetes/pki: it belongs to another user (uid 12345)") {
		t.Errorf("of nobody: %v, %q", err, got)
	}
	if err := os.Chown(at(root, "pki"), 0, 0); err != nil {
		t.Fatal(err)
	}
	found, err = Inspect(root, worker(), owner, s.authorities(), now)
	if diff := cmp.Diff([]string{"etc/kubernetes/pki: it belongs to 0:0, not to 12345:12346"}, wrong(found)); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
