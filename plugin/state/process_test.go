// SPDX-License-Identifier: Apache-2.0

package state_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// The test binary is also the process that takes a lock and keeps it until it
// is killed.
const envLock = "STATE_TEST_LOCK" // a state directory

// It is also one that writes until it is killed.
const envWrite = "STATE_TEST_WRITE" // a state directory

func TestMain(m *testing.M) {
	if path := os.Getenv(envLock); path != "" {
		os.Exit(lockProcess(path))
	}
	if path := os.Getenv(envWrite); path != "" {
		os.Exit(writeProcess(state.Dir{Path: path, CAs: path}))
	}
	os.Exit(m.Run())
}

// writeProcess revokes one certificate and then another, and the first again. It
// touches what may be lost, too.
func writeProcess(d state.Dir) int {
	fmt.Println("writing")
	for i := 0; ; i++ {
		before := time.Unix(int64(1000+i%2), 0)
		r := state.Revocation{Before: before, Certificates: []string{strings.Repeat("x", 1+5000*(i%2))}}
		if d.SetRevocation(id, r) != nil || d.Touch(id, state.Use{Verified: before, Answers: make([]state.Answer, i%2*30)}) != nil {
			return 1
		}
	}
}

// What must not be lost is there, the old or the new, whenever a process is
// killed; the rest is whole or not there at all.
func TestStateSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	now := time.Now()
	if err := d.SetRevocation(id, state.Revocation{Before: time.Unix(1000, 0), Certificates: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), envWrite+"="+d.Path)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(i) * 700 * time.Microsecond)
		_, _ = cmd.Process.Kill(), cmd.Wait()
		r := d.Revocation(id, now)
		if odd := r.Before.Unix() - 1000; odd != 0 && odd != 1 || len(r.Certificates) != 1 || int64(len(r.Certificates[0])) != 1+5000*odd {
			t.Fatalf("after kill %d: %d certificates before %v", i, len(r.Certificates), r.Before)
		}
		if u := d.Use(id, now); !u.Verified.IsZero() && u.Verified.Unix() != 1000 && u.Verified.Unix() != 1001 {
			t.Fatalf("after kill %d: %+v", i, u)
		}
	}
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
