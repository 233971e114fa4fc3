// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bytes"
	"testing"
)

// TestUnreachableServer has the lease end while nobody can say whether the
// credential is still good: it is handed out all the same, and the server is
// asked once.
func TestUnreachableServer(t *testing.T) {
	w := world(t)
	t.Run("refuses", func(t *testing.T) {
		u := w.newUser(t, w.Kubectl, short)
		had := u.credential()
		u.idles(afterShort)
		t.Cleanup(func() { w.resume(t) })
		w.Front.Refuse()
		u.keeps(had)
		u.keeps(had)
		w.resume(t)
		u.succeeds("kubectl get ns")
	})
	t.Run("stalls", func(t *testing.T) {
		u := w.newUser(t, w.Kubectl, short)
		had := u.credential()
		u.idles(afterShort)
		t.Cleanup(func() { w.resume(t) })
		if err := w.Front.Stall(); err != nil {
			t.Fatal(err)
		}
		// Not the time is measured: it is the connections that take it.
		if n := w.connections(func() { u.keeps(had) }); n != 1 {
			t.Errorf("the first call connected %d times, want once", n)
		}
		u.idles(afterShort) // the lease is over again
		if n := w.connections(func() { u.keeps(had); u.keeps(had) }); n != 0 {
			t.Errorf("later calls connected %d times, want none for half a minute", n)
		}
		w.resume(t)
		u.succeeds("kubectl get ns")
	})
}

// TestOpenStackDown has a rotation over and OpenStack away: nobody says that
// the new CA is Magnum's, so nothing is believed and nothing changed.
func TestOpenStackDown(t *testing.T) {
	w := world(t)
	u := w.newUser(t, w.Kubectl, short)
	u.succeeds("kubectl get ns")
	before := u.caFile()
	w.Rotate(t)
	w.Down(t)
	u.idles(afterShort)
	for range 2 {
		out := u.runs("kubectl get ns")
		if out.Code == 0 || len(ours(out.Stderr)) == 0 {
			t.Errorf("exit status %d, want a failure that is explained:\n%s", out.Code, out.Stderr)
		}
		if !bytes.Equal(u.caFile(), before) {
			t.Error("the CA file was changed on nobody's word")
		}
	}
}

func (u *user) credential() (key string) {
	u.t.Helper()
	c, err := u.Credential(u.t.Context())
	if err != nil {
		u.t.Fatal(err)
	}
	return c.ClientKeyData
}

func (u *user) keeps(key string) {
	u.t.Helper()
	if u.credential() != key {
		u.t.Error("another credential was handed out")
	}
}

// connections is how many the Front accepted during step.
func (w *World) connections(step func()) int {
	before := len(w.Front.Accepted())
	step()
	return len(w.Front.Accepted()) - before
}

func (w *World) resume(t *testing.T) {
	t.Helper()
	if err := w.Front.Resume(); err != nil {
		t.Fatal(err)
	}
}
