// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// life is long enough for any test.
const life = time.Minute

// memory is a store that lasts as long as the test, and fails when told to.
type memory struct {
	name  string
	data  map[string]string
	fails error
	// deadline says whether the last Delete had one.
	deadline bool
	calls    []string
}

func (m *memory) Name() string { return m.name }

func (m *memory) Get(_ context.Context, key string) ([]byte, error) {
	m.calls = append(m.calls, "Get")
	data, ok := m.data[key]
	if !ok && m.fails == nil {
		return nil, cache.ErrMiss
	}
	return []byte(data), m.fails
}

func (m *memory) Put(_ context.Context, key string, data []byte, _ time.Duration) error {
	m.calls = append(m.calls, "Put")
	if m.fails == nil {
		m.data[key] = string(data)
	}
	return m.fails
}

func (m *memory) Delete(ctx context.Context, key string) error {
	m.calls = append(m.calls, "Delete")
	_, m.deadline = ctx.Deadline()
	if m.fails == nil {
		delete(m.data, key)
	}
	return m.fails
}

// pair returns a store on two that hold something under k, where this is not "".
func pair(inKeyring, inKernel string) (a *cache.Auto, keyring, kernel *memory) {
	keyring = &memory{name: "keyring", data: map[string]string{}}
	kernel = &memory{name: "kernel", data: map[string]string{}}
	for store, data := range map[*memory]string{keyring: inKeyring, kernel: inKernel} {
		if data != "" {
			store.data["k"] = data
		}
	}
	return &cache.Auto{Keyring: keyring, Kernel: kernel}, keyring, kernel
}

func failure(err error) error { return fmt.Errorf("%w: on purpose", err) }

// outs are the errors of a store that cannot be used now.
var outs = []error{cache.ErrUnavailable, cache.ErrLocked, cache.ErrTimeout}

func TestAutoAsksTheKernelForNothingThatTheKeyringHas(t *testing.T) {
	a, _, kernel := pair("new", "old")
	a.Container = func() bool { t.Error("looked for a container"); return false }
	if data, err := a.Get(t.Context(), "k"); err != nil || string(data) != "new" {
		t.Errorf("Get = %q, %v", data, err)
	}
	if len(kernel.calls) > 0 || a.Name() != "keyring" {
		t.Errorf("the kernel was asked for %v; the store is %s", kernel.calls, a.Name())
	}
}

// A locked keyring keeps what the kernel has overtaken since.
func TestAutoOfTwoCopiesTheNewestWins(t *testing.T) {
	for _, test := range []struct {
		inKeyring, inKernel string
		container           bool
		want, from          string
		left                [2]string
	}{
		{"1", "2", false, "2", "kernel", [2]string{"", "2"}},
		{"2", "1", false, "2", "keyring", [2]string{"2", ""}},
		{"1", "1", false, "1", "keyring", [2]string{"1", "1"}},
		{"1", "", false, "1", "keyring", [2]string{"1", ""}},
		{"1", "2", true, "1", "keyring", [2]string{"1", "2"}},
	} {
		a, keyring, kernel := pair(test.inKeyring, test.inKernel)
		a.Newer = func(a, b []byte) bool { return string(a) > string(b) }
		a.Container = func() bool {
			if test.inKernel == "" {
				t.Error("looked for a container")
			}
			return test.container
		}
		data, err := a.Get(t.Context(), "k")
		if err != nil || string(data) != test.want || a.Name() != test.from {
			t.Errorf("%+v: Get = %q, %v, from %s", test, data, err, a.Name())
		}
		if left := [2]string{keyring.data["k"], kernel.data["k"]}; left != test.left {
			t.Errorf("%+v: left are %q", test, left)
		}
	}
}

func TestAutoFindsWhatIsInTheKernel(t *testing.T) {
	for _, out := range append(slices.Clone(outs), nil) { // nil: it works and holds nothing
		a, keyring, _ := pair("", "x")
		if out != nil {
			keyring.fails = failure(out)
		}
		if data, err := a.Get(t.Context(), "k"); err != nil || string(data) != "x" || a.Name() != "kernel" {
			t.Errorf("keyring %v: Get = %q, %v, from %s", out, data, err, a.Name())
		}
		if _, err := a.Get(t.Context(), "other"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("keyring %v: Get of nothing: %v, want ErrMiss", out, err)
		}
	}
}

func TestAutoSaysWhatIsWrongWithTheKeyringIfTheKernelIsOut(t *testing.T) {
	for _, out := range append(slices.Clone(outs), cache.ErrMiss) {
		a, keyring, kernel := pair("", "")
		keyring.fails, kernel.fails = failure(out), failure(cache.ErrUnavailable)
		if _, err := a.Get(t.Context(), "k"); !errors.Is(err, out) {
			t.Errorf("Get: %v, want %v", err, out)
		}
	}
}

// The newest wins, and the other copy is erased.
func TestAutoPutLeavesOneCopy(t *testing.T) {
	a, keyring, kernel := pair("", "old")
	if err := a.Put(t.Context(), "k", []byte("new"), life); err != nil {
		t.Fatal(err)
	}
	if keyring.data["k"] != "new" || len(kernel.data) > 0 || a.Name() != "keyring" || !kernel.deadline {
		t.Errorf("keyring %v, kernel %v, store %s, bounded %v", keyring.data, kernel.data, a.Name(), kernel.deadline)
	}
	for _, out := range outs {
		a, keyring, kernel := pair("old", "")
		keyring.fails = failure(out)
		if err := a.Put(t.Context(), "k", []byte("new"), life); err != nil || kernel.data["k"] != "new" || a.Name() != "kernel" {
			t.Errorf("keyring %v: %v, kernel %v, store %s", out, err, kernel.data, a.Name())
		}
		want := []string{"Put", "Delete"}
		if errors.Is(out, cache.ErrTimeout) {
			want = want[:1] // it would cost the deadline once more
		}
		if diff := cmp.Diff(want, keyring.calls); diff != "" {
			t.Errorf("keyring %v: it was asked (-want +got):\n%s", out, diff)
		}
	}
}

func TestAutoPutThatNobodyTakes(t *testing.T) {
	a, keyring, kernel := pair("", "")
	keyring.fails, kernel.fails = failure(cache.ErrLocked), fmt.Errorf("%w: %w", cache.ErrUnavailable, cache.ErrFull)
	err := a.Put(t.Context(), "k", []byte("x"), life)
	if !errors.Is(err, cache.ErrLocked) || !errors.Is(err, cache.ErrFull) || a.Name() != "keyring" {
		t.Errorf("Put: %v, want both reasons", err)
	}
}

// What is wrong with the question is wrong with both.
func TestAutoAsksNobodyElseAfterARefusal(t *testing.T) {
	for _, refusal := range []error{cache.ErrTooBig, context.Canceled, errors.New("a key that no store takes")} {
		a, keyring, kernel := pair("", "")
		keyring.fails = refusal
		if _, err := a.Get(t.Context(), "k"); !errors.Is(err, refusal) {
			t.Errorf("Get: %v, want %v", err, refusal)
		}
		if err := a.Put(t.Context(), "k", nil, life); !errors.Is(err, refusal) {
			t.Errorf("Put: %v, want %v", err, refusal)
		}
		if len(kernel.calls) > 0 {
			t.Errorf("%v: the kernel was asked for %v", refusal, kernel.calls)
		}
	}
}

func TestAutoDeletesFromBoth(t *testing.T) {
	locked, out := failure(cache.ErrLocked), failure(cache.ErrUnavailable)
	for _, test := range []struct{ keyring, kernel, want error }{
		{nil, nil, nil},
		{out, nil, nil},
		{nil, out, nil},
		{out, out, cache.ErrUnavailable},
		{locked, nil, cache.ErrLocked},
		{locked, out, cache.ErrLocked},
		{locked, context.Canceled, cache.ErrLocked},
		{out, context.Canceled, context.Canceled},
		{nil, context.Canceled, context.Canceled},
	} {
		a, keyring, kernel := pair("x", "x")
		keyring.fails, kernel.fails = test.keyring, test.kernel
		if err := a.Delete(t.Context(), "k"); !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("keyring %v, kernel %v: %v, want %v", test.keyring, test.kernel, err, test.want)
		}
		if test.keyring == nil && len(keyring.data) > 0 || test.kernel == nil && len(kernel.data) > 0 {
			t.Errorf("keyring %v, kernel %v: left are %v and %v", test.keyring, test.kernel, keyring.data, kernel.data)
		}
	}
}

func TestAutoInAContainerKeepsNothingInTheKernel(t *testing.T) {
	a, keyring, kernel := pair("", "of the host")
	asked := 0
	a.Container = func() bool { asked++; return true }
	keyring.fails = failure(cache.ErrUnavailable)
	if data, err := a.Get(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Get = %q, %v, want ErrUnavailable", data, err)
	}
	if err := a.Put(t.Context(), "k", []byte("x"), life); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Put: %v, want ErrUnavailable", err)
	}
	if err := a.Delete(t.Context(), "k"); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Delete: %v, want ErrUnavailable", err)
	}
	if len(kernel.calls) > 0 || asked != 1 {
		t.Errorf("the kernel was asked for %v; looked for a container %d times", kernel.calls, asked)
	}
}

func TestAutoWithoutAKernel(t *testing.T) {
	a, keyring, _ := pair("", "")
	a.Kernel = nil
	keyring.fails = failure(cache.ErrUnavailable)
	if err := a.Put(t.Context(), "k", []byte("x"), life); !errors.Is(err, cache.ErrUnavailable) {
		t.Errorf("Put: %v, want ErrUnavailable", err)
	}
}
