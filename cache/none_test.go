// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"errors"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

func TestNoneKeepsNothing(t *testing.T) {
	var none cache.None
	if err := none.Put(t.Context(), "k", []byte("x"), life); err != nil {
		t.Errorf("Put: %v", err)
	}
	if data, err := none.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get = %q, %v, want ErrMiss", data, err)
	}
	if err := none.Delete(t.Context(), "k"); err != nil {
		t.Errorf("Delete: %v", err)
	}
	if none.Name() != "" {
		t.Errorf("Name() = %q", none.Name())
	}
}
