// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

// The test binary is also the process that merges: once for each cluster, or
// over and over until it is killed.
const (
	envMerge   = "KUBECONFIG_TEST_MERGE"   // a kubeconfig
	envCluster = "KUBECONFIG_TEST_CLUSTER" // number of the cluster; "" to merge forever
)

func TestMain(m *testing.M) {
	if path := os.Getenv(envMerge); path != "" {
		os.Exit(mergeProcess(path, os.Getenv(envCluster)))
	}
	os.Exit(m.Run())
}

func mergeProcess(path, cluster string) int {
	p := Paths{Explicit: path}
	run := func(e Entry) error {
		ctx, cancel := testContext()
		defer cancel()
		_, err := p.Merge(ctx, []Entry{e}, false, LockOwner{PID: os.Getpid()})
		return err
	}
	if cluster != "" {
		n, err := strconv.Atoi(cluster)
		if err == nil {
			err = run(numbered(n))
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	for n := 0; ; n++ {
		if err := run(onPort(n)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if n == 0 {
			fmt.Println("merging")
		}
	}
}

// numbered is one of many clusters.
func numbered(n int) Entry {
	return entry(fmt.Sprintf("c%02d", n), fmt.Sprintf("%08x-0000-4000-8000-000000000000", n))
}

// onPort is one cluster whose server moves.
func onPort(n int) Entry {
	e := prod()
	e.Server = fmt.Sprintf("https://192.0.2.10:%d", 1+n%65535)
	return e
}

func mergeCommand(t *testing.T, path, cluster string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envMerge+"="+path, envCluster+"="+cluster)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestFiftyProcessesLoseNothing(t *testing.T) {
	before := realFile(t, "comments")
	path := write(t, filepath.Join(t.TempDir(), "config"), before)
	var all sync.WaitGroup
	for n := range 50 {
		cmd := mergeCommand(t, path, strconv.Itoa(n))
		all.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Errorf("cluster %d: %v", n, err)
			}
		})
	}
	all.Wait()
	after := contents(t, path)
	var entries []Entry
	for n := range 50 {
		entries = append(entries, numbered(n))
	}
	checkForeign(t, before, after, entries...)
	checkComments(t, before, after)
	checkOurs(t, after, entries...)
	wantOnly(t, path)
}

func TestKilledAtAnyInstant(t *testing.T) {
	kills := 200
	if testing.Short() {
		kills = 20
	}
	before := realFile(t, "comments")
	path := write(t, filepath.Join(t.TempDir(), "config"), before)
	locks, temps := 0, 0
	for range kills {
		killOnce(t, path)
		checkWhole(t, before, contents(t, path))
		entries, err := os.ReadDir(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch e.Name() {
			case "config.lock":
				locks++
			case ".config.kubectl-magnum.tmp":
				temps++
			}
		}
		mustMerge(t, Paths{Explicit: path}, false, entry("next", testUUID))
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills left %d locks and %d temporary files", kills, locks, temps)
	// Only the next write is bound to clean up, not a merge that changes nothing.
	mustMerge(t, Paths{Explicit: path}, false, entry("last", testUUID))
	wantOnly(t, path)
}

// killOnce starts a process that merges without end and kills it at a random
// instant of its work.
func killOnce(t *testing.T, path string) {
	t.Helper()
	cmd := mergeCommand(t, path, "")
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
	after, err := rand.Int(rand.Reader, big.NewInt(int64(15*time.Millisecond)))
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(after.Int64()))
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// checkWhole reports whether a file is exactly what some merge has written: it
// does not depend on the merges before but for the server's port.
func checkWhole(t *testing.T, before, after string) {
	t.Helper()
	c, err := clientcmd.Load([]byte(after))
	if err != nil {
		t.Fatalf("neither the old file nor the new: %v\n%s", err, after)
	}
	e := prod()
	e.Server = c.Clusters[e.name()].Server
	entries := []Entry{e}
	if c.Contexts["next"] != nil {
		entries = append(entries, entry("next", testUUID))
	}
	want, err := inMemory(before, false, entries...)
	if err != nil {
		t.Fatal(err)
	}
	if want != after {
		t.Errorf("neither the old file nor the new:\n%s", diffText(want, after))
	}
}

// wantOnly checks that a file is alone in its directory, but for some that are
// known.
func wantOnly(t *testing.T, path string, known ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != filepath.Base(path) && !slices.Contains(known, e.Name()) {
			t.Errorf("%q is left", e.Name())
		}
	}
}
