// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// envMounts is a directory for a process to mount things in.
const envMounts = "NODECERT_TEST_MOUNTS"

// mountsProcess has runs where pki cannot be exchanged, and where it can, and
// prints how they end and how many certificates were signed in vain.
func mountsProcess(dir string) error {
	if err := unix.Mount("none", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	s, err := loadSigner(dir + ".ca0")
	if err != nil {
		return err
	}
	bind := func(name string) func(string) error {
		return func(root string) error { return unix.Mount(at(root, name), at(root, name), "", unix.MS_BIND, "") }
	}
	nothing := func(string) error { return nil }
	for _, test := range []struct {
		name          string
		before, after func(root string) error
	}{
		{"nothing", nothing, nothing},
		{"kubernetes", nothing, bind(".")},
		{"pki", nothing, bind("pki")},
		{"pki/etcd", nothing, bind("pki/etcd")},
		{"a file", nothing, bind("pki/sa.pub")},
		{"a lower layer", nothing, overlay},
		{"an upper layer", overlay, nothing},
	} {
		root := filepath.Join(dir, strings.ReplaceAll(test.name, "/", "-"))
		if err := errors.Join(os.Mkdir(root, 0o755), test.before(root)); err != nil {
			return fmt.Errorf("mount: %w", err)
		}
		if _, _, err := s.run(root, master(), Options{}); err != nil {
			return fmt.Errorf("%s: %w", test.name, err)
		}
		for _, err := range []error{os.WriteFile(at(root, "pki/sa.pub"), nil, 0o644), os.Remove(at(root, "pki/kubelet.crt")), test.after(root)} {
			if err != nil {
				return fmt.Errorf("mount: %w", err)
			}
		}
		signed := s.signed
		_, _, err := s.run(root, master(), Options{})
		left, _ := filepath.Glob(at(root, ".*.kubectl-magnum"))
		fmt.Printf("%s: %d signed, %d left, %v\n", test.name, s.signed-signed, len(left), err)
	}
	return nil
}

// overlay mounts what is in root over itself, as the lower layer.
func overlay(root string) error {
	for _, name := range []string{".upper", ".work"} {
		if err := os.Mkdir(root+name, 0o755); err != nil {
			return err
		}
	}
	return unix.Mount("none", root, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s.upper,workdir=%s.work,redirect_dir=off", root, root, root))
}

// Nothing is signed for a pki that cannot be exchanged.
func TestPKIThatCannotBeExchanged(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	newSigner(t).save(t, root+".ca0")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envMounts+"="+root)
	cmd.SysProcAttr = inOwnMounts()
	out, err := cmd.CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "mount: ") || len(out) == 0 || os.Geteuid() != 0 {
			t.Skipf("without mounts: %v\n%s", err, out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	const mountPoint = " is a mount point, and a pki that has one cannot be exchanged; "
	for _, want := range []string{
		"nothing: 1 signed, 0 left, <nil>\n", "kubernetes: 1 signed, 0 left, <nil>\n", "an upper layer: 1 signed, 0 left, <nil>\n",
		"pki: 0 signed, 0 left, " + root + "/pki/etc/kubernetes/pki" + mountPoint + root + "/pki/etc/kubernetes as a whole may be one\n",
		"pki/etcd: 0 signed, 0 left, " + root + "/pki-etcd/etc/kubernetes/pki/etcd" + mountPoint,
		"a file: 0 signed, 0 left, " + root + "/a file/etc/kubernetes/pki/sa.pub" + mountPoint,
		"a lower layer: 0 signed, 0 left, exchange " + root + "/a lower layer/etc/kubernetes/pki: it is in a lower layer of an overlay file system, ",
	} {
		if !strings.Contains("\n"+string(out), "\n"+want) {
			t.Errorf("want %q", want)
		}
	}
	t.Logf("%s", out)
}
