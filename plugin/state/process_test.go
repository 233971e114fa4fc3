// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// The test binary is also the process that takes a lock and keeps it until it
// is killed.
const envLock = "STATE_TEST_LOCK" // a state directory

func TestMain(m *testing.M) {
	if path := os.Getenv(envLock); path != "" {
		os.Exit(lockProcess(path))
	}
	os.Exit(m.Run())
}

func lockProcess(path string) int {
	if _, locked := (state.Dir{Path: path}).Lock(context.Background(), id); !locked {
		return 1
	}
	fmt.Println("locked")
	select {} // the test's end of a pipe would be noticed by nobody
}

// A process that is killed with the lock in its hands keeps nobody out.
func TestTheLockOfAKilledProcessIsFree(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envLock+"="+d.Path)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { _, _ = cmd.Process.Kill(), cmd.Wait() }
	t.Cleanup(kill)
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, locked := d.Lock(ctx, id); locked {
		t.Fatal("two hold it")
	}
	kill()
	start := time.Now()
	unlock, locked := d.Lock(t.Context(), id)
	defer unlock()
	if took := time.Since(start); !locked || took > time.Second {
		t.Errorf("locked %v, after %s", locked, took)
	}
}
