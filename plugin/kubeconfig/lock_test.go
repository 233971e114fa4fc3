// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

func testContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

// briefly is a context whose deadline is met.
func briefly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestKubectlIsKeptOut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	unlock, err := lockAll(t.Context(), []string{path}, LockOwner{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := kubectlWrite(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("kubectl wrote while we had the lock: %v", err)
	}
	unlock()
	if err := kubectlWrite(path); err != nil {
		t.Errorf("kubectl can't write after we gave the lock back: %v", err)
	}
}

// kubectlWrite sets a context as kubectl does.
func kubectlWrite(path string) error {
	options := clientcmd.NewDefaultPathOptions()
	options.LoadingRules.ExplicitPath = path
	config := api.NewConfig()
	config.Contexts["kubectl"] = api.NewContext()
	return clientcmd.ModifyConfig(options, *config, false)
}

func TestKubectlsLockIsRespected(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	lock := kubectlLock(t, path)
	_, err := Paths{Explicit: path}.Merge(briefly(t), []Entry{prod()}, false, LockOwner{PID: 7})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("error is %v, want a LockedError", err)
	}
	if want := (LockedError{File: path, LockFile: lock}); *locked != want {
		t.Errorf("error is %+v, want %+v", *locked, want)
	}
	if contents(t, path) != "" {
		t.Error("the file was written")
	}
	if _, err := os.Lstat(lock); err != nil {
		t.Errorf("kubectl's lock is gone: %v", err)
	}
}

// kubectlLock makes a lock as client-go does.
func kubectlLock(t *testing.T, path string) string {
	t.Helper()
	lock := path + ".lock"
	f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	return lock
}

func TestMergeWaitsForKubectl(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	lock := kubectlLock(t, path)
	time.AfterFunc(50*time.Millisecond, func() { os.Remove(lock) })
	mustMerge(t, Paths{Explicit: path}, false, prod())
	checkOurs(t, contents(t, path), prod())
}

func TestLockedErrorNamesOurProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	unlock, err := lockAll(t.Context(), []string{path}, LockOwner{PID: 4711, Host: "a host"})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	_, err = Paths{Explicit: path}.Merge(briefly(t), []Entry{prod()}, false, LockOwner{PID: 7})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != 4711 {
		t.Fatalf("error is %v, want one that names process 4711", err)
	}
}

func TestCancelledWaitIsNoLockedError(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "config"), "")
	kubectlLock(t, path)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Paths{Explicit: path}).Merge(ctx, []Entry{prod()}, false, LockOwner{}); !errors.Is(err, context.Canceled) {
		t.Fatalf("error is %v, want %v", err, context.Canceled)
	}
}

// TestDeadHoldersLockIsTakenByOne lets holders die, which is to close the file
// and leave its name, and many try at once, without a pause, to take over.
func TestDeadHoldersLockIsTakenByOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.lock")
	var inside, taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for taken.Load() < 2000 && !t.Failed() {
				l, err := tryLock(path)
				if errors.Is(err, errHeld) {
					runtime.Gosched()
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				runtime.Gosched()
				inside.Add(-1)
				if taken.Add(1)%3 == 0 {
					l.file.Close()
				} else {
					l.release()
				}
			}
		})
	}
	all.Wait()
}

func TestOneFileByTwoNamesIsLockedOnce(t *testing.T) {
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "config"), "")
	link := filepath.Join(dir, "link")
	if err := os.Symlink("config", link); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "dir")); err != nil {
		t.Fatal(err)
	}
	list := link + string(os.PathListSeparator) + path + string(os.PathListSeparator) + filepath.Join(dir, "dir", "config")
	mustMerge(t, Paths{Env: list}, true, prod())
	checkOurs(t, contents(t, path), prod())

	// Who names the file and who names the link exclude each other.
	unlock, err := lockAll(t.Context(), []string{link}, LockOwner{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	_, err = Paths{Explicit: path}.Merge(briefly(t), []Entry{entry("test", testUUID)}, false, LockOwner{})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Errorf("error is %v, want a LockedError", err)
	}
}

// TestKubectlsLockIsBesideTheLink: kubectl does not resolve what it locks.
func TestKubectlsLockIsBesideTheLink(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	if err := os.Symlink(write(t, filepath.Join(dir, "real"), ""), path); err != nil {
		t.Skip(err)
	}
	kubectlLock(t, path)
	_, err := Paths{Explicit: path}.Merge(briefly(t), []Entry{prod()}, false, LockOwner{})
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Errorf("error is %v, want a LockedError", err)
	}
	wantOnly(t, path, "real", "config.lock")
}

func TestStrangeLockFilesAreNotOurs(t *testing.T) {
	for name, make := range map[string]func(string) error{
		"directory":     func(lock string) error { return os.Mkdir(lock, 0o700) },
		"symbolic link": func(lock string) error { return os.Symlink("elsewhere", lock) },
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "config"), "")
			if err := make(path + ".lock"); err != nil {
				t.Skip(err)
			}
			_, err := Paths{Explicit: path}.Merge(briefly(t), []Entry{prod()}, false, LockOwner{})
			var locked *LockedError
			if !errors.As(err, &locked) {
				t.Errorf("error is %v, want a LockedError", err)
			}
		})
	}
}
