// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// What others place in pki while it is being exchanged is carried over, also by
// a name that was there, and what they remove stops nobody.
func TestCarriedLate(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, master(), Options{})
	write := func(name, text string) {
		t.Helper()
		temp := at(root, "theirs") // a rename, as careful programs do it
		if err := errors.Join(os.WriteFile(temp, []byte(text), 0o640), os.Rename(temp, at(root, name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at(root, "pki/theirs"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("pki/a.pem", "old")
	write("pki/theirs/a.pem", "old")
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	c := d.newCarrier()
	for _, err := range []error{
		d.makeOurs(stagingName, "pki"), d.stage("pki/apiserver.crt", []byte("ours")), d.stage("pki/etcd/peer.crt", []byte("ours")),
		c.carry("pki", stagingName),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"pki/a.pem", "pki/theirs/a.pem", "pki/b.pem", "pki/etcd/b.pem", "pki/kubelet.crt", "pki/apiserver.crt", "pki/c.pem"} {
		write(name, "late")
	}
	if err := exchange(d.handle, "pki", stagingName); err != nil {
		t.Fatal(err)
	}
	write("pki/c.pem", "later")
	write("pki/kubelet.key", "later")
	if err := d.exchanged(c); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"pki/a.pem": "late", "pki/theirs/a.pem": "late", "pki/b.pem": "late", "pki/etcd/b.pem": "late", "pki/kubelet.crt": "late",
		"pki/c.pem": "later", "pki/kubelet.key": "later", "pki/apiserver.crt": "ours", "pki/etcd/peer.crt": "ours",
	} {
		if got := string(contents(t, at(root, name))); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
	if n := leftovers(t, root); n > 0 {
		t.Errorf("%d are left", n)
	}
}

func TestVanishing(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_ = os.Mkdir(at(root, "pki/dir"), 0o755)
				_ = os.WriteFile(at(root, "pki/dir/file"), nil, 0o600)
				_ = os.WriteFile(at(root, "pki/file"), nil, 0o600)
				_ = os.RemoveAll(at(root, "pki/dir"))
				_ = os.Remove(at(root, "pki/file"))
			}
		}
	}()
	for range 100 {
		if err := os.Remove(at(root, "pki/kubelet.crt")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if _, _, err := s.run(root, worker(), Options{}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-stopped
}
