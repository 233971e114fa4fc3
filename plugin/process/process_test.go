// SPDX-License-Identifier: Apache-2.0

package process_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
)

func TestMain(m *testing.M) {
	if os.Getenv("TEST_CHILD") != "" {
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the test lets go
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestLookup(t *testing.T) {
	me, err := process.Lookup(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	again, err := process.Lookup(os.Getpid())
	if err != nil || me != again {
		t.Errorf("one process, two IDs: %+v and %+v, %v", me, again, err)
	}
	if known := runtime.GOOS == "linux" || runtime.GOOS == "darwin" || runtime.GOOS == "windows"; known && me.Start == "" {
		t.Error("no start")
	}
}

func TestLookupTellsProcessesApart(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "TEST_CHILD=1")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // Linux counts in steps of 10 ms, and this process may be that young
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	me, err := process.Lookup(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	other, err := process.Lookup(child.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "freebsd" && other.Start == me.Start {
		t.Errorf("%+v and %+v started at once", me, other)
	}
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := child.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := process.Lookup(child.Process.Pid); err == nil {
		t.Error("a process that has ended is still found")
	}
}
