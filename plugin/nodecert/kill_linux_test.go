// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
)

// The test binary is also the process that rotates a node's certificates over
// and over until it is killed, and one that runs once on a disk that is full.
const (
	envRotate = "NODECERT_TEST_ROTATE" // a root directory, beside which the CAs are
	envFull   = "NODECERT_TEST_FULL"   // a directory to mount a small disk on
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(envRotate) != "":
		os.Exit(said(rotateProcess(os.Getenv(envRotate))))
	case os.Getenv(envMounts) != "":
		os.Exit(said(mountsProcess(os.Getenv(envMounts))))
	case os.Getenv(envFull) != "":
		os.Exit(said(fullProcess(os.Getenv(envFull))))
	}
	os.Exit(m.Run())
}

func said(err error) int {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func rotateProcess(root string) error {
	var signers [2]*signer
	for i := range signers {
		var err error
		if signers[i], err = loadSigner(fmt.Sprintf("%s.ca%d", root, i)); err != nil {
			return err
		}
	}
	fmt.Println("rotating")
	ways := [][]Options{{{}, {Renew: true}, {Finish: true}}, {{Renew: true}, {Finish: true}}, {{Renew: true, Finish: true}}}
	for i := rand.IntN(2); ; i++ {
		for _, o := range ways[rand.IntN(len(ways))] {
			if _, _, err := signers[i%2].run(root, master(), o); err != nil {
				return err
			}
		}
	}
}

func (s *signer) save(t testing.TB, path string) {
	t.Helper()
	all := map[magnum.CAType][2][]byte{}
	for which, ca := range s.cas {
		cert, key := ca.PEM(t)
		all[which] = [2][]byte{cert, key}
	}
	data, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func loadSigner(path string) (*signer, error) {
	s := &signer{cas: map[magnum.CAType]*pkitest.CA{}, life: 30 * 24 * time.Hour}
	var all map[magnum.CAType][2][]byte
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, err
	}
	for which, texts := range all {
		cert, err := pki.ParseCertificate(texts[0])
		if err != nil {
			return nil, err
		}
		key, err := parseKey(texts[1])
		if err != nil {
			return nil, err
		}
		s.cas[which] = &pkitest.CA{Certificate: cert, Key: key}
	}
	return s, nil
}

// rotating is a node, and a process that rotates its certificates without end.
type rotating struct {
	root    string
	signers [2]*signer
	cmd     *exec.Cmd
}

func newRotating(t *testing.T) *rotating {
	t.Helper()
	r := &rotating{root: newRoot(t), signers: [2]*signer{newSigner(t), newSigner(t)}}
	for i, s := range r.signers {
		s.save(t, fmt.Sprintf("%s.ca%d", r.root, i))
	}
	r.signers[0].must(t, r.root, master(), Options{})
	return r
}

func (r *rotating) start(t *testing.T) {
	t.Helper()
	r.cmd = exec.Command(os.Args[0])
	r.cmd.Env = append(os.Environ(), envRotate+"="+r.root)
	r.cmd.Stderr = os.Stderr
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
}

func (r *rotating) kill() { _, _ = r.cmd.Process.Kill(), r.cmd.Wait() }

// Whenever a run is killed, the node is whole, and the next run completes.
func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	kills := 100
	if testing.Short() {
		kills = 10
	}
	var left, mixed atomic.Int64
	t.Run("nodes", func(t *testing.T) {
		for _, name := range []string{"one", "another"} { // most of the time a run waits for the disk
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				killMany(t, kills, &left, &mixed)
			})
		}
	})
	t.Logf("%d kills: %d left something behind, %d were in the window of a rotation", 2*kills, left.Load(), mixed.Load())
	if !t.Failed() && (left.Load() == 0 || mixed.Load() == 0) {
		t.Error("no kill came in the middle, so this proves nothing")
	}
}

func killMany(t *testing.T, kills int, left, mixed *atomic.Int64) {
	t.Helper()
	r := newRotating(t)
	if err := os.WriteFile(at(r.root, "pki/unknown.pem"), []byte("x"), 0o640); err != nil {
		t.Fatal(err)
	}
	f := nodeFiles{r.root, master()}
	rotate := func(s *signer) (span time.Duration) {
		began := time.Now()
		s.must(t, r.root, master(), Options{Renew: true, Finish: true})
		return 4 * time.Since(began) // four runs, however slow this machine is at the moment
	}
	span := rotate(r.signers[1])
	for i := range kills {
		r.start(t)
		time.Sleep(time.Duration(rand.Int64N(int64(span))))
		r.kill()
		signers, err := f.check(now)
		if err != nil || signers != 1 {
			t.Fatalf("after kill %d, %d CAs: %v", i, signers, err)
		}
		if data, err := os.ReadFile(at(r.root, "pki/unknown.pem")); string(data) != "x" {
			t.Fatalf("after kill %d: %v", i, err)
		}
		if leftovers(t, r.root) > 0 {
			left.Add(1)
		}
		if inWindow(t, r.root) {
			mixed.Add(1)
		}
		_, noted := os.Stat(at(r.root, unreportedName))
		_, out := r.signers[i%2].must(t, r.root, master(), Options{})
		if out.CutShort != (noted == nil) || out.CutShort && len(out.Restart) == 0 {
			t.Fatalf("after kill %d: %v, %+v", i, noted, out)
		}
		if n := leftovers(t, r.root); n > 0 {
			t.Fatalf("after kill %d: %d files are left", i, n)
		}
		span = rotate(r.signers[i%2])
		checkGone(t, r.root, r.signers[1-i%2].cas[magnum.Kubernetes].Certificate)
		if t.Failed() {
			return
		}
	}
}

func leftovers(t *testing.T, root string) int {
	t.Helper()
	found, err := filepath.Glob(at(root, ".*.kubectl-magnum"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func inWindow(t *testing.T, root string) bool {
	t.Helper()
	cas, err := parseBundle(contents(t, at(root, "pki/ca.crt")))
	if err != nil {
		t.Fatal(err)
	}
	return len(cas) > 1
}

// A reader who looks all the time at all names never sees a key, or a
// kubeconfig, that others could read, and always sees a pki.
func TestRacingReader(t *testing.T) {
	t.Parallel()
	r := newRotating(t)
	old := unix.Umask(0) // nothing but the program's own modes protect it
	r.start(t)
	unix.Umask(old)
	defer r.kill()
	done := make(chan int)
	stop := make(chan struct{})
	go func() { done <- missed(at(r.root, "pki/ca.crt"), stop) }()
	looked, seen := 0, map[string]bool{}
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		for _, dir := range []string{".", "pki", "pki/etcd", stagingName, stagingName + "/etcd"} {
			entries, err := os.ReadDir(at(r.root, dir))
			if err != nil {
				continue
			}
			for _, e := range entries {
				if info, err := os.Lstat(at(r.root, dir+"/"+e.Name())); err == nil {
					looked++
					seen[dir] = true
					secret := !strings.HasSuffix(e.Name(), ".crt") && !info.IsDir()
					if secret && info.Mode() != 0o600 {
						t.Fatalf("%s/%s has mode %v", dir, e.Name(), info.Mode())
					}
					if info.Mode().Perm()&0o022 != 0 {
						t.Fatalf("others may write %s/%s: %v", dir, e.Name(), info.Mode())
					}
				}
			}
		}
	}
	close(stop)
	if n := <-done; n > 0 {
		t.Errorf("%d times there was no pki", n)
	}
	t.Logf("%d looks, in %d directories", looked, len(seen))
	if !seen[stagingName] || !seen[stagingName+"/etcd"] {
		t.Error("the reader never saw what is on its way, so this proves nothing")
	}
}

// missed is how often a file was not there until stop.
func missed(path string, stop <-chan struct{}) (n int) {
	for {
		select {
		case <-stop:
			return n
		default:
		}
		if _, err := os.Lstat(path); err != nil {
			n++
		}
	}
}
