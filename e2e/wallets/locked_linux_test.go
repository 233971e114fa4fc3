// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// readTimeout is how long a store takes where nobody sets another time, also
// to find out that it can't write.
const readTimeout = time.Second

// operation is one on a store, under a key that is always the same.
type operation struct {
	name string
	on   func(ctx context.Context, k *cache.Keyring) error
}

var (
	get = operation{"Get", func(ctx context.Context, k *cache.Keyring) error {
		_, err := k.Get(ctx, "k")
		return err
	}}
	put = operation{"Put", func(ctx context.Context, k *cache.Keyring) error {
		return k.Put(ctx, "k", []byte("x"), time.Hour)
	}}
	erase = operation{"Delete", func(ctx context.Context, k *cache.Keyring) error {
		return k.Delete(ctx, "k")
	}}
)

// wantLocked runs operations, each of which is to say ErrLocked before its
// deadline and to leave the user alone.
func wantLocked(t *testing.T, e *env.Env, operations ...operation) {
	t.Helper()
	w := newWitness(t, e)
	for _, o := range operations {
		begin := time.Now()
		err := o.on(t.Context(), &cache.Keyring{Getenv: os.Getenv, UID: os.Getuid()})
		if took := time.Since(begin); !errors.Is(err, cache.ErrLocked) || took >= readTimeout {
			t.Errorf("%s: %v after %v, want ErrLocked before %v", o.name, err, took, readTimeout)
		}
		if n := w.questions(t); n != 0 {
			t.Errorf("%s asked the user, in %d calls", o.name, n)
		}
	}
	// It would have seen it.
	call(t, secrets(connect(t, e)), "org.freedesktop.Secret.Service.Unlock", []any{[]dbus.ObjectPath{}}, new([]dbus.ObjectPath), new(dbus.ObjectPath))
	if n := w.questions(t); n != 1 {
		t.Errorf("the witness saw %d of 1 calls", n)
	}
}
