// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// What others placed, or could have, is neither read nor written.
func TestPlacedFilesAreRefused(t *testing.T) {
	t.Parallel()
	other := newRoot(t)
	newSigner(t).must(t, other, master(), Options{})
	link := func(name, to string) func(*testing.T, string) error {
		return func(_ *testing.T, root string) error {
			if err := os.RemoveAll(filepath.Join(root, name)); err != nil {
				return err
			}
			return os.Symlink(to, filepath.Join(root, name))
		}
	}
	move := func(name string) func(*testing.T, string) error { // a link to what was there
		return func(_ *testing.T, root string) error {
			path := filepath.Join(root, name)
			if err := os.Rename(path, path+".real"); err != nil {
				return err
			}
			return os.Symlink(filepath.Base(path)+".real", path)
		}
	}
	chmod := func(name string, mode os.FileMode) func(*testing.T, string) error {
		return func(_ *testing.T, root string) error { return os.Chmod(filepath.Join(root, name), mode) }
	}
	chown := func(name string) func(*testing.T, string) error {
		return func(t *testing.T, root string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			return os.Chown(filepath.Join(root, name), 12345, 0)
		}
	}
	special := func(name string) func(*testing.T, string) error {
		return func(_ *testing.T, root string) error {
			path := filepath.Join(root, name)
			if err := os.Remove(path); err != nil {
				return err
			}
			return unix.Mkfifo(path, 0o600)
		}
	}
	const linked, pipe = "is not a directory, and node-certs follows no symbolic link", "is not a regular file, and node-certs follows no symbolic link"
	for name, test := range map[string]struct {
		place func(*testing.T, string) error
		path  string
		want  string
	}{
		"etc is a link elsewhere":         {link("etc", other+"/etc"), "etc", linked},
		"etc is a link within":            {move("etc"), "etc", linked},
		"kubernetes is a link":            {move("etc/kubernetes"), "etc/kubernetes", linked},
		"pki is a link elsewhere":         {link("etc/kubernetes/pki", other+"/etc/kubernetes/pki"), "etc/kubernetes/pki", linked},
		"pki is a link within":            {move("etc/kubernetes/pki"), "etc/kubernetes/pki", linked},
		"pki/etcd is a link":              {move("etc/kubernetes/pki/etcd"), "etc/kubernetes/pki/etcd", linked},
		"pki is a file":                   {func(t *testing.T, root string) error { return fileFor(at(root, "pki")) }, "etc/kubernetes/pki", linked},
		"a key is a link":                 {move("etc/kubernetes/pki/apiserver.key"), "etc/kubernetes/pki/apiserver.key", pipe},
		"a key is a link elsewhere":       {link("etc/kubernetes/pki/apiserver.key", other+"/etc/kubernetes/pki/apiserver.key"), "etc/kubernetes/pki/apiserver.key", pipe},
		"a key is a pipe":                 {special("etc/kubernetes/pki/apiserver.key"), "etc/kubernetes/pki/apiserver.key", pipe},
		"a kubeconfig is a link":          {move("etc/kubernetes/admin.conf"), "etc/kubernetes/admin.conf", pipe},
		"the shared key is a link":        {move("etc/kubernetes/pki/sa.key"), "etc/kubernetes/pki/sa.key", pipe},
		"others may write the root":       {chmod(".", 0o777), "", "can be written by others"},
		"others may write etc":            {chmod("etc", 0o777|os.ModeSticky), "etc", "can be written by others"},
		"a group may write kubernetes":    {chmod("etc/kubernetes", 0o775), "etc/kubernetes", "can be written by others"},
		"others may write the CAs":        {chmod("etc/kubernetes/pki/ca.crt", 0o666), "etc/kubernetes/pki/ca.crt", "can be written by others"},
		"others may write pki":            {chmod("etc/kubernetes/pki", 0o777), "etc/kubernetes/pki", "can be written by others"},
		"a group may write pki/etcd":      {chmod("etc/kubernetes/pki/etcd", 0o770|os.ModeSticky), "etc/kubernetes/pki/etcd", "can be written by others"},
		"another's directory":             {chown("etc/kubernetes"), "etc/kubernetes", "belongs to another user (uid 12345)"},
		"another's pki":                   {chown("etc/kubernetes/pki"), "etc/kubernetes/pki", "belongs to another user (uid 12345)"},
		"another's file of CAs":           {chown("etc/kubernetes/pki/ca.crt"), "etc/kubernetes/pki/ca.crt", "belongs to another user (uid 12345)"},
		"another's key":                   {chown("etc/kubernetes/pki/etcd/peer.key"), "etc/kubernetes/pki/etcd/peer.key", "belongs to another user (uid 12345)"},
		"another's kubeconfig":            {chown("etc/kubernetes/kubelet.conf"), "etc/kubernetes/kubelet.conf", "belongs to another user (uid 12345)"},
		"a file that is no certificate's": {func(t *testing.T, root string) error { return os.Truncate(at(root, "pki/apiserver.crt"), 2<<20) }, "etc/kubernetes/pki/apiserver.crt", "is longer than any certificate or key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, root := newSigner(t), newRoot(t)
			s.must(t, root, master(), Options{ServiceAccountKey: newServiceAccountKey(t)})
			if err := test.place(t, root); err != nil {
				t.Fatal(err)
			}
			before, theirs := stamp(t, root), stamp(t, other)
			_, _, err := newSigner(t).run(root, master(), Options{Renew: true, ServiceAccountKey: newServiceAccountKey(t)})
			placed, ok := errors.AsType[*PlacedError](err)
			if !ok || placed.Reason != test.want || placed.Path != strings.TrimSuffix(root+"/"+test.path, "/") {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(before, stamp(t, root)) + cmp.Diff(theirs, stamp(t, other)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func fileFor(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.WriteFile(dir, nil, 0o600)
}

// Unknown files of every kind are carried over, and so is what somebody adds.
func TestUnknownFilesAreCarriedOver(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, master(), Options{})
	for _, err := range []error{
		os.MkdirAll(at(root, "pki/theirs/deep"), 0o750),
		os.WriteFile(at(root, "pki/theirs/deep/file"), []byte("x"), 0o640),
		os.WriteFile(at(root, "pki/ca.key"), []byte("secret"), 0o400),
		os.WriteFile(at(root, "pki/etcd/notes"), []byte("x"), 0o666),
		os.Symlink("ca.crt", at(root, "pki/link")),
		unix.Mkfifo(at(root, "pki/pipe"), 0o600),
		os.WriteFile(at(root, "theirs.conf"), []byte("x"), 0o644),
		os.Chmod(at(root, "pki/theirs"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	before := stamp(t, root)
	newSigner(t).must(t, root, master(), Options{Renew: true, Finish: true})
	after := stamp(t, root)
	for _, name := range []string{"pki/theirs/deep/file", "pki/ca.key", "pki/etcd/notes", "pki/link", "pki/pipe", "theirs.conf"} {
		name = "etc/kubernetes/" + name
		if before[name] == "" || before[name] != after[name] {
			t.Errorf("%s: %q, then %q", name, before[name], after[name])
		}
	}
	for name, want := range map[string]os.FileMode{"pki/theirs": 0o700, "pki/theirs/deep": 0o750, "pki": 0o755, "pki/etcd": 0o755} {
		if info, err := os.Stat(at(root, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if len(before) != len(after) {
		t.Errorf("%d files, then %d", len(before), len(after))
	}
}

func TestOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, master(), Options{})
	give := func() Outcome {
		t.Helper()
		d, err := Open(root, Owner{Set: true, UID: 12345, GID: 54321})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		p, err := d.NewPlan(master(), Options{Cluster: "prod", UUID: "a", Authorities: s.authorities(), Now: now})
		if err != nil || len(p.Needs) > 0 {
			t.Fatal(err, p)
		}
		out, err := p.Install(nil)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := give(); len(out.Changes) < 20 {
		t.Errorf("%+v", out)
	}
	if out := give(); len(out.Changes) > 0 {
		t.Errorf("%+v", out)
	}
	for name := range stamp(t, at(root, ".")) {
		info, err := os.Lstat(at(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid, gid := ownerOf(info); name != "." && (uid != 12345 || gid != 54321) {
			t.Errorf("%s belongs to %d:%d", name, uid, gid)
		}
	}
}

func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(root, Owner{}); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v", err)
	}
	d.Close()
	d, err = Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}

// Whoever may look at the directory cannot keep node-certs from it.
func TestOthersCannotLock(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	dir, err := os.Open(at(root, "."))
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := lock(dir); err != nil {
		t.Fatal(err)
	}
	s.must(t, root, worker(), Options{})
	if info, err := os.Lstat(at(root, lockName)); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
