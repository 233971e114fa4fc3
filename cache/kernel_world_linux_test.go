// SPDX-License-Identifier: Apache-2.0

package cache_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// serviceVar names the keys of a test to its children, and tells them that they
// are such.
const serviceVar = "KUBECTL_MAGNUM_KERNEL_TEST"

var services atomic.Int32

// newKernel returns a store that is empty, under names of its own in the real
// keyring of whoever runs the test; or in a child its parent's.
func newKernel(t *testing.T) *cache.Kernel {
	t.Helper()
	requireKeyctl(t)
	if service := os.Getenv(serviceVar); service != "" {
		return &cache.Kernel{Service: service}
	}
	service := fmt.Sprintf("kubectl-magnum-test-%d-%d", os.Getpid(), services.Add(1))
	t.Cleanup(func() { onThread(t, nil, func() { sweep(t, service) }) })
	return &cache.Kernel{Service: service}
}

// requireKeyctl skips the test where a container forbids what it is about, or
// fails it where E2E_REQUIRE has kernel-keyring.
func requireKeyctl(t *testing.T) {
	t.Helper()
	onThread(t, nil, func() {
		_, err := unix.AddKey("user", "probe", []byte("x"), unix.KEY_SPEC_THREAD_KEYRING)
		if err == nil {
			_, err = unix.KeyctlInt(unix.KEYCTL_LINK, unix.KEY_SPEC_USER_KEYRING, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
		}
		if err == nil || errors.Is(err, unix.EDQUOT) {
			return
		}
		if slices.Contains(strings.Split(os.Getenv("E2E_REQUIRE"), ","), "kernel-keyring") {
			t.Errorf("kernel-keyring is required: %v", err)
		} else {
			t.Logf("without kernel-keyring: %v", err)
		}
		unusable.Store(true)
	})
	if unusable.Load() && !t.Failed() {
		t.SkipNow()
	}
}

var unusable atomic.Bool

// onThread runs f on a thread that prepare has changed and that ends with it,
// as what they do to its credentials cannot be undone. A thread that cannot be
// prepared skips the test. f is not to call t.FailNow.
func onThread(t *testing.T, prepare func() error, f func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever
		var err error
		if prepare != nil {
			err = prepare()
		}
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skipf("this machine does not let us: %v", err)
	}
}

// again runs the calling test once more, in a process of its own that a
// prepared thread starts.
func again(t *testing.T, k *cache.Kernel, prepare func() error, attr *syscall.SysProcAttr, env ...string) {
	t.Helper()
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(t.Name()), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+pattern, "-test.count=1", "-test.v")
	cmd.Env = append(append(os.Environ(), serviceVar+"="+k.Service), env...)
	cmd.SysProcAttr = attr
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var err error
	onThread(t, func() error {
		if prepare == nil {
			return nil
		}
		return prepare()
	}, func() { err = cmd.Start() })
	if err != nil {
		t.Skipf("this machine does not let us: %v", err)
	}
	err = cmd.Wait()
	switch {
	case err != nil:
		t.Errorf("in a child: %v\n%s", err, &out)
	case !strings.Contains(out.String(), "--- PASS: "+t.Name()):
		t.Errorf("the child did not run the test:\n%s", &out)
	}
}

func inChild() bool { return os.Getenv(serviceVar) != "" }

// privateSession gives the thread a session keyring that knows nothing of the
// user, as KeyringMode=private and sudo do.
func privateSession() error {
	_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	return err
}

// revokedSession is what a tmux has that survived its login.
func revokedSession() error {
	if err := privateSession(); err != nil {
		return err
	}
	_, err := unix.KeyctlInt(unix.KEYCTL_REVOKE, unix.KEY_SPEC_SESSION_KEYRING, 0, 0, 0)
	return err
}

// become makes the thread another user's.
func become(uid int) error {
	if os.Getuid() != 0 {
		return errors.New("only root can become somebody else")
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
		return errno
	}
	return nil
}

// anyOp is every call of keyctl.
const anyOp = -1

// deny has a seccomp filter answer a system call with errno, for the thread;
// of keyctl only the calls for op.
func deny(errno syscall.Errno, call uint32, op int) error {
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	filter := []unix.SockFilter{
		{Code: load, K: 0}, // struct seccomp_data: nr, arch, instruction_pointer, args
		{Code: equal, Jf: 3, K: call},
		{Code: load, K: 16}, // the low half of the first argument, on little endian machines
		{Code: equal, Jf: 1, K: uint32(op)},
		{Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: ret, K: unix.SECCOMP_RET_ALLOW},
	}
	if op == anyOp {
		filter[3].Jf = 0
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// denyAll is the filter of Docker and containerd.
func denyAll(errno syscall.Errno) error {
	for _, call := range []uint32{unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL} {
		if err := deny(errno, call, anyOp); err != nil {
			return err
		}
	}
	return nil
}

// ring links the user's keyrings to that of the thread and returns the one that
// keys are kept in.
func ring(t *testing.T) int {
	t.Helper()
	id, err := unix.KeyctlInt(unix.KEYCTL_GET_PERSISTENT, -1, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	if err != nil {
		id = unix.KEY_SPEC_USER_KEYRING
		_, err = unix.KeyctlInt(unix.KEYCTL_LINK, id, unix.KEY_SPEC_THREAD_KEYRING, 0, 0)
	}
	if err != nil {
		t.Errorf("link the user's keyring: %v", err)
	}
	return id
}

// sweep removes all keys of service.
func sweep(t *testing.T, service string) {
	t.Helper()
	for _, ring := range []int{ring(t), unix.KEY_SPEC_USER_KEYRING} {
		buf := make([]byte, 4*1000)
		n, err := unix.KeyctlBuffer(unix.KEYCTL_READ, ring, buf, 0)
		if err != nil {
			t.Errorf("read the user's keyring: %v", err)
			return
		}
		for ids := buf[:min(n, len(buf))]; len(ids) >= 4; ids = ids[4:] {
			id := int(*(*int32)(unsafe.Pointer(&ids[0])))
			if text, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, id); err == nil && strings.Contains(text, ";"+service+":") {
				_, _ = unix.KeyctlInt(unix.KEYCTL_REVOKE, id, 0, 0, 0)
				_, _ = unix.KeyctlInt(unix.KEYCTL_UNLINK, id, ring, 0, 0)
			}
		}
	}
}

// keyOf returns the id of a key of k. It is for onThread.
func keyOf(t *testing.T, k *cache.Kernel, key string) int {
	t.Helper()
	id, err := unix.KeyctlSearch(ring(t), "user", k.Service+":"+key, 0)
	if err != nil {
		t.Errorf("search %q: %v", key, err)
	}
	return id
}
