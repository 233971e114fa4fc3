// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"os"
	"slices"
	"testing"
)

// cutShort is a run that ends before it said what it did.
func (s *signer) cutShort(t *testing.T, root string, n Node, o Options) (*Plan, Outcome, error) {
	t.Helper()
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	o.Cluster, o.UUID, o.Authorities, o.Now = "prod", "a", s.authorities(), now
	p, err := d.NewPlan(n, o)
	if err != nil {
		t.Fatal(err)
	}
	issued, err := s.issue(p.Needs, now)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Install(issued)
	return p, out, err
}

func exists(root, name string) bool {
	_, err := os.Lstat(at(root, name))
	return err == nil
}

// What has to be restarted is said by the next run if this one could not.
func TestCutShort(t *testing.T) {
	t.Parallel()
	s, root, n := newSigner(t), newRoot(t), master()
	s.must(t, root, n, Options{ServiceAccountKey: newServiceAccountKey(t)})
	next := func(what string, want []string) *Plan {
		t.Helper()
		p, out := s.must(t, root, n, Options{})
		if len(out.Changes) > 0 || !out.CutShort || !slices.Equal(out.Restart, want) {
			t.Errorf("%s: %+v, want %q", what, out, want)
		}
		checkIdle(t, s, root, n)
		return p
	}
	remove := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.Remove(at(root, name)); err != nil {
				t.Fatal(err)
			}
		}
	}

	remove("scheduler.conf", "pki/kubelet.crt")
	_, first, err := s.cutShort(t, root, n, Options{})
	if err != nil || first.CutShort {
		t.Errorf("%+v, %v", first, err)
	}
	remove("kube-proxy.conf")
	_, second, err := s.cutShort(t, root, n, Options{})
	if want := slices.Concat(first.Restart, []string{"kube-proxy"}); err != nil || len(first.Restart) != 2 || !slices.Equal(second.Restart, want) {
		t.Errorf("%+v, then %+v, %v", first, second, err)
	}
	next("two runs", second.Restart)

	if err := os.Chmod(at(root, saKey), 0o644); err != nil {
		t.Fatal(err)
	}
	_, third, err := s.cutShort(t, root, n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p := next("an exposed key", third.Restart); len(p.Warnings()) != 1 || !errors.Is(p.Warnings()[0], ErrSharedKeyExposed) {
		t.Errorf("%v", p.Warnings())
	}

	if err := os.WriteFile(at(root, unreportedName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	next("a note that cannot be read", []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"})

	remove("pki/apiserver.crt")
	if _, out, err := s.cutShort(t, root, n, Options{}); err != nil || len(out.Changes) != 2 || exists(root, unreportedName) {
		t.Errorf("nothing to restart: %+v, %v", out, err)
	}
}

// What has to be restarted is noted before anything is changed.
func TestNotedFirst(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), newRoot(t)
	s.must(t, root, worker(), Options{})
	d, err := Open(root, Owner{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	p, err := d.NewPlan(worker(), Options{Cluster: "prod", UUID: "a", Authorities: newSigner(t).authorities(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at(root, stagingName), 0o755); err != nil { // nothing can be exchanged
		t.Fatal(err)
	}
	if _, err := p.Install(nil); err == nil || !exists(root, unreportedName) {
		t.Errorf("%v, noted: %v", err, exists(root, unreportedName))
	}
}
