// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"
)

const nobody = 65534

// listenAs listens on a Unix socket as another user: the kernel remembers who
// called listen(2), which is a matter of the thread.
func listenAs(t *testing.T, uid int, path string) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	become := func(uid int) {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), uintptr(uid), ^uintptr(0)); errno != 0 {
			t.Fatal(errno)
		}
	}
	become(uid)
	defer become(0)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
}

// The address of the bus may come from somebody else's kubeconfig, and a
// secret handed to another user's bus is that user's.
func TestBusOfAnotherUserIsRefused(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can listen as somebody else")
	}
	dir, err := os.MkdirTemp("", "bus") //nolint:usetesting // nobody could not come into t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[int]error{nobody: errOtherUser, 0: nil} {
		path := filepath.Join(dir, map[int]string{nobody: "theirs", 0: "ours"}[uid])
		listenAs(t, uid, path)
		conn, _, err := dial(t.Context(), "unix:path="+path)
		if !errors.Is(err, want) {
			t.Errorf("bus of uid %d: %v", uid, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
	ours := "unix:path=" + filepath.Join(dir, "ours")
	conn, part, err := dial(t.Context(), "unix:path="+filepath.Join(dir, "theirs")+";"+ours)
	if err != nil || part != ours {
		t.Errorf("of two buses: %q, %v, want %q", part, err, ours)
	}
	if err == nil {
		_ = conn.Close()
	}
	k := &Keyring{Getenv: func(string) string { return "unix:path=" + filepath.Join(dir, "theirs") }}
	if err := k.Put(t.Context(), "key", []byte("data"), time.Hour); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errOtherUser) {
		t.Errorf("Put: %v", err)
	}
	if _, err := k.Get(t.Context(), "key"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Get: %v", err)
	}
}
