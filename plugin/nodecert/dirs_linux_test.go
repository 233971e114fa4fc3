// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"io/fs"
	"os"
	"testing"
)

// Directories that others could not enter stay so, whatever is made anew.
func TestClosedDirectoriesStayClosed(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, master(), Options{})
	modes := map[string]fs.FileMode{"pki": 0o700, "pki/etcd": 0o710}
	for name, mode := range modes {
		if err := os.Chmod(at(root, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		for name, want := range modes {
			if info, err := os.Stat(at(root, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
	checkIdle(t, s, root, master())
	check()
	for _, name := range []string{"pki/kubelet.crt", "pki/etcd/peer.crt"} {
		if err := os.Remove(at(root, name)); err != nil {
			t.Fatal(err)
		}
		s.must(t, root, master(), Options{})
		check()
	}
}

// --owner is given what is ours, and no directory of somebody else.
func TestOwnerGetsNoOtherDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	for _, err := range []error{os.Mkdir(at(root, "pki/private"), 0o700), os.Chown(at(root, "pki/private"), 0, 77)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(root, Owner{Set: true, UID: 12345, GID: 54321})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p, err := d.NewPlan(worker(), Options{Cluster: "prod", UUID: "a", Authorities: s.authorities(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Install(nil); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]int{"pki": {12345, 54321}, "pki/private": {0, 77}} {
		info, err := os.Stat(at(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if uid, gid := ownerOf(info); [2]int{uid, gid} != want {
			t.Errorf("%s belongs to %d:%d", name, uid, gid)
		}
	}
}
