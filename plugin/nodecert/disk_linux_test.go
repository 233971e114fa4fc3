// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// fullProcess runs on a disk that is full after the old files.
func fullProcess(dir string) error {
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=1m,mode=0755"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	before, err := loadSigner(dir + ".ca0")
	if err != nil {
		return err
	}
	after, err := loadSigner(dir + ".ca1")
	if err != nil {
		return err
	}
	if _, _, err := before.run(dir, master(), Options{}); err != nil {
		return err
	}
	fill, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		return err
	}
	for {
		if _, err := fill.Write(make([]byte, 4096)); err != nil {
			break
		}
	}
	for free := range 20 { // more room each time: it ends at another file
		if err := fill.Truncate(int64(1<<20 - free*8192)); err != nil {
			return err
		}
		_, _, err := after.run(dir, master(), Options{Renew: true})
		if _, broken := (nodeFiles{dir, master()}).check(now); broken != nil {
			return broken
		}
		if left, _ := filepath.Glob(at(dir, ".*.kubectl-magnum")); len(left) > 0 {
			return fmt.Errorf("left: %q", left)
		}
		fmt.Println(err)
	}
	if err := errors.Join(fill.Close(), os.Remove(fill.Name())); err != nil {
		return err
	}
	if _, _, err := after.run(dir, master(), Options{Renew: true, Finish: true}); err != nil {
		return err
	}
	if err := unix.Mount("none", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	if _, _, err := after.run(dir, master(), Options{}); err != nil {
		return fmt.Errorf("nothing to do on a read-only disk: %w", err)
	}
	_, _, err = before.run(dir, master(), Options{Renew: true})
	fmt.Println(err)
	return nil
}

func TestFullAndReadOnlyDisk(t *testing.T) {
	t.Parallel()
	root := newRoot(t)
	for i := range 2 {
		newSigner(t).save(t, fmt.Sprintf("%s.ca%d", root, i))
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), envFull+"="+root)
	cmd.SysProcAttr = inOwnMounts()
	out, err := cmd.CombinedOutput()
	unmapped := os.Geteuid() != 0 && strings.Contains(string(out), "belongs to another user") // root's directories
	if err != nil && (unmapped || strings.Contains(string(out), "mount: operation not permitted") || len(out) == 0) {
		t.Skipf("without mount namespaces: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if !strings.Contains(string(out), "no space left on device") || !strings.HasSuffix(strings.TrimSpace(string(out)), "read-only file system") {
		t.Errorf("%s", out)
	}
}

// inOwnMounts lets a child mount what nobody else sees.
func inOwnMounts() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return attr
}
