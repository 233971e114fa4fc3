// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// Docker and containerd answer with EPERM, others with ENOSYS, as does a kernel
// without keyrings; a security module with EACCES.
func TestKernelThatIsForbidden(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EPERM, unix.ENOSYS, unix.EACCES} {
		t.Run(errno.Error(), func(t *testing.T) {
			k := newKernel(t)
			put(t, k, "k", "x")
			onThread(t, func() error { return denyAll(errno) }, func() {
				_, err := k.Get(t.Context(), "k")
				for op, err := range map[string]error{
					"Get": err, "Put": k.Put(t.Context(), "k", []byte("y"), life), "Delete": k.Delete(t.Context(), "k"),
				} {
					if !errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, errno) || errors.Is(err, cache.ErrMiss) {
						t.Errorf("%s: %v, want ErrUnavailable with its cause", op, err)
					}
				}
			})
			wantData(t, k, "k", "x")
		})
	}
}

// Podman forbade this one alone.
func TestKernelThatTakesNoKeys(t *testing.T) {
	k := newKernel(t)
	onThread(t, func() error { return deny(unix.EPERM, unix.SYS_ADD_KEY, anyOp) }, func() {
		if err := k.Put(t.Context(), "k", []byte("x"), life); !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("Put: %v, want ErrUnavailable", err)
		}
		if _, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("Get: %v, want ErrMiss", err)
		}
		if err := k.Delete(t.Context(), "k"); err != nil {
			t.Errorf("Delete: %v", err)
		}
	})
}

// What the kernel would keep for ever is not left there.
func TestKernelThatSetsNoTimeout(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "before")
	onThread(t, func() error { return deny(unix.EPERM, unix.SYS_KEYCTL, unix.KEYCTL_SET_TIMEOUT) }, func() {
		if err := k.Put(t.Context(), "k", []byte("after"), life); !errors.Is(err, cache.ErrUnavailable) {
			t.Errorf("Put: %v, want ErrUnavailable", err)
		}
	})
	if data, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
		t.Errorf("Get = %q, %v, want ErrMiss", data, err)
	}
}

func TestKernelWithoutPersistentKeyrings(t *testing.T) {
	k := newKernel(t)
	onThread(t, func() error {
		return errors.Join(privateSession(), deny(unix.EOPNOTSUPP, unix.SYS_KEYCTL, unix.KEYCTL_GET_PERSISTENT))
	}, func() {
		put(t, k, "k", "x")
		wantData(t, k, "k", "x")
		put(t, k, "gone", "x")
		if err := k.Delete(t.Context(), "gone"); err != nil {
			t.Errorf("Delete: %v", err)
		}
		for key, want := range map[string]error{"k": nil, "gone": unix.ENOKEY} {
			if _, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "user", k.Service+":"+key, 0); !errors.Is(err, want) {
				t.Errorf("search %q in the user keyring: %v, want %v", key, err, want)
			}
		}
	})
}

// A user may have 20000 bytes, which rootless containers and Kerberos use too.
func TestKernelIsFull(t *testing.T) {
	k := newKernel(t)
	uid := 1_000_000_000 + os.Getpid() // who has nothing yet
	asUser := func() error { return become(uid) }
	onThread(t, asUser, func() {
		put(t, k, "k", "before")
		fill(t, k, 1000)
		defer sweep(t, k.Service) // possible as this thread keeps its link
		onThread(t, asUser, func() {
			wantFull(t, k)
			wantData(t, k, "k", "before")
		})
		fill(t, k, 100, 10, 1)
		onThread(t, asUser, func() {
			wantFull(t, k)
			// The link to the thread's keyring needs 4 bytes.
			if data, err := k.Get(t.Context(), "k"); err != nil && !errors.Is(err, cache.ErrFull) {
				t.Errorf("Get with hardly a byte left = %q, %v, want the data or ErrFull", data, err)
			}
		})
	})
	onThread(t, asUser, func() {
		defer sweep(t, k.Service)
		err := cache.ErrFull
		for range 500 { // the kernel takes its time to give back what was revoked
			if err = k.Put(t.Context(), "k", []byte("after"), life); !errors.Is(err, cache.ErrFull) {
				break
			}
			wait(t)
		}
		if err != nil {
			t.Errorf("Put after some were removed: %v", err)
		}
	})
}

// fill adds keys of these sizes until none fits any more.
func fill(t *testing.T, k *cache.Kernel, sizes ...int) {
	t.Helper()
	ring := ring(t)
	for _, size := range sizes {
		for i := 0; ; i++ {
			name := fmt.Sprintf("%s:%d-%d", k.Service, size, i)
			_, err := unix.AddKey("user", name, make([]byte, size), ring)
			if errors.Is(err, unix.EDQUOT) {
				break
			}
			if err != nil || i == 1000 {
				t.Errorf("fill the keyring: %d keys, %v", i, err)
				return
			}
		}
	}
}

func wantFull(t *testing.T, k *cache.Kernel) {
	t.Helper()
	err := k.Put(t.Context(), "k", []byte(strings.Repeat("x", 2000)), life)
	if !errors.Is(err, cache.ErrFull) || !errors.Is(err, cache.ErrUnavailable) || !errors.Is(err, unix.EDQUOT) {
		t.Errorf("Put: %v, want ErrFull and ErrUnavailable", err)
	}
}

func TestKernelOfAnotherUserNamespace(t *testing.T) {
	k := newKernel(t)
	if inChild() {
		defer sweep(t, k.Service)
		if data, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("Get = %q, %v, want ErrMiss", data, err)
		}
		put(t, k, "k", "inside")
		wantData(t, k, "k", "inside")
		return
	}
	put(t, k, "k", "outside")
	again(t, k, nil, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	})
	wantData(t, k, "k", "outside")
}

func TestKernelOfAnotherUser(t *testing.T) {
	k := newKernel(t)
	put(t, k, "k", "of root")
	onThread(t, func() error { return become(2_000_000_000 - os.Getpid()) }, func() {
		defer sweep(t, k.Service)
		if data, err := k.Get(t.Context(), "k"); !errors.Is(err, cache.ErrMiss) {
			t.Errorf("Get = %q, %v, want ErrMiss", data, err)
		}
		put(t, k, "k", "of somebody")
		wantData(t, k, "k", "of somebody")
	})
	wantData(t, k, "k", "of root")
}
