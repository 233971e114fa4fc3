// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// container is a process that has a directory mounted, as kubeadm's static pods
// have pki. close tells it to end, and returns what it saw then.
func container(t *testing.T, dir string) (end func() string) {
	t.Helper()
	box := t.TempDir()
	script := `mount --make-rprivate / && mount --bind "$1" "$2" && echo up && read -r _; cat "$2/etcd/server.crt"; stat -c %a "$2/etcd/server.key"`
	cmd := exec.Command("sh", "-c", script, "sh", dir, box)
	cmd.SysProcAttr = inOwnMounts()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("without mount namespaces: %v", err)
	}
	lines := bufio.NewReader(stdout)
	if line, err := lines.ReadString('\n'); line != "up\n" {
		_ = cmd.Wait()
		t.Skipf("without mount namespaces: %q, %v", line, err)
	}
	return func() string {
		fmt.Fprintln(in)
		said, err := io.ReadAll(lines)
		if err := cmd.Wait(); err != nil {
			t.Log(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(said)
	}
}

// A container that has pki mounted keeps what it had until it is started again,
// however many runs there are, and is named; then nothing is left of it.
func TestMountedPKI(t *testing.T) {
	t.Parallel()
	s, root := newSigner(t), filepath.Join(newRoot(t), "a b")
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	s.must(t, root, master(), Options{})
	was := contents(t, at(root, "pki/etcd/server.crt"))
	end := container(t, at(root, "pki"))
	for run := range 3 {
		if err := os.Remove(at(root, "pki/etcd/server.crt")); err != nil {
			t.Fatal(err)
		}
		if run == 0 { // the file is the container's too
			if err := os.WriteFile(at(root, "pki/etcd/server.crt"), was, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, out := s.must(t, root, master(), Options{})
		if !out.PKIMounted || !slices.Equal(out.Restart, mountPKI) {
			t.Errorf("run %d: %+v", run, out)
		}
		if n := leftovers(t, root); n != 1 {
			t.Errorf("run %d: %d are left", run, n)
		}
	}
	if saw := end(); saw != string(was)+"600\n" {
		t.Errorf("the container saw %q", saw)
	}
	_, out := s.must(t, root, master(), Options{})
	if len(out.Changes)+len(out.Restart) > 0 || out.PKIMounted || leftovers(t, root) > 0 {
		t.Errorf("%+v, %d are left", out, leftovers(t, root))
	}
	if bytes.Equal(was, contents(t, at(root, "pki/etcd/server.crt"))) {
		t.Error("the certificate is that of before")
	}
}
