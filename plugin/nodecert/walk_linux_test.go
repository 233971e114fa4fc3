// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Whoever can exchange the root directory, or one above it, would choose where
// files are read and written, so that none is taken that others can.
func TestWayToRoot(t *testing.T) {
	t.Parallel()
	dir := func(t *testing.T, parent string, mode fs.FileMode) string {
		t.Helper()
		path := filepath.Join(parent, "root")
		for _, err := range []error{os.MkdirAll(path, 0o755), os.Chmod(parent, mode)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	link := func(t *testing.T, to, from string) string {
		t.Helper()
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
		return from
	}
	give := func(t *testing.T, path string) {
		t.Helper()
		if os.Geteuid() != 0 {
			t.Skip("only root can give files away")
		}
		if err := os.Lchown(path, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	const linked = "is not a directory, and node-certs follows no symbolic link"
	for name, test := range map[string]struct {
		root func(t *testing.T, at string) (root, path string)
		want string
	}{
		"plain":  {func(t *testing.T, at string) (string, string) { return dir(t, at, 0o755), "" }, ""},
		"sticky": {func(t *testing.T, at string) (string, string) { return dir(t, at, 0o777|fs.ModeSticky), "" }, ""},
		"a link": {func(t *testing.T, at string) (string, string) {
			l := link(t, dir(t, at, 0o755), filepath.Join(at, "link"))
			return l, l
		}, linked},
		"a link that ends in a slash": {func(t *testing.T, at string) (string, string) {
			l := link(t, dir(t, at, 0o755), filepath.Join(at, "link"))
			return l + "/", l
		}, linked},
		"a link on the way": {func(t *testing.T, at string) (string, string) {
			dir(t, filepath.Join(at, "a"), 0o755)
			l := link(t, "a", filepath.Join(at, "link"))
			return l + "/root", l
		}, linked},
		"others may write": {func(t *testing.T, at string) (string, string) { return dir(t, at, 0o777), at }, "can be written by others"},
		"the new owner's": {func(t *testing.T, at string) (string, string) {
			root := dir(t, at, 0o755)
			give(t, at)
			return root, at
		}, "belongs to another user (uid 12345)"},
		"the new owner's link in it": {func(t *testing.T, at string) (string, string) {
			dir(t, filepath.Join(at, "node"), 0o755)
			l := link(t, "node/root", filepath.Join(at, "link"))
			give(t, l)
			return l, l
		}, linked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := filepath.Join(t.TempDir(), "at")
			if err := os.Mkdir(at, 0o755); err != nil {
				t.Fatal(err)
			}
			root, path := test.root(t, at)
			before := stamp(t, at)
			d, err := Open(root, Owner{Set: true, UID: 12345, GID: 12345})
			if err == nil {
				d.Close()
			}
			placed, ok := errors.AsType[*PlacedError](err)
			if test.want == "" && err != nil || test.want != "" && (!ok || placed.Path != path || placed.Reason != test.want) {
				t.Errorf("got %v", err)
			}
			if err != nil && len(before) != len(stamp(t, at)) {
				t.Error("something was made")
			}
		})
	}
}

func TestNoRoot(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "none")
	_, err := Open(root, Owner{})
	if at, ok := errors.AsType[*fs.PathError](err); !ok || at.Path != root || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
