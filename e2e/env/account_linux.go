// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// capSysAdmin is what it takes to mount, as in linux/capability.h.
const capSysAdmin = 21

// MissingAccount says why this machine cannot give a user an account, nil if it
// can. It is Options.Account that is given.
func MissingAccount(ctx context.Context, account string) error {
	cmd := inNamespace(exec.CommandContext(ctx, account, "/etc/passwd", "/bin/sh", "-c", ":"))
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("a user database in a user namespace: %w %s", err, said)
	}
	return nil
}

// inNamespace has cmd run in a user namespace with the same ids, where it may
// mount and nobody else sees it.
func inNamespace(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{capSysAdmin},
	}
	return cmd
}

// writeAccount writes the user database in which Home is this user's.
func (e *Env) writeAccount() error {
	own := fmt.Sprintf(":%d:", os.Getuid())
	lines := []string{fmt.Sprintf("e2e:x%s%d::%s:/bin/sh", own, os.Getgid(), e.Home)}
	others, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(others)) {
		if fields := strings.Split(line, ":"); len(fields) > 2 && ":"+fields[2]+":" != own {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return os.WriteFile(e.passwd(), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

func (e *Env) passwd() string { return filepath.Join(e.Dir, "passwd") }

// withAccount is cmd for whom the user database has Home.
func (e *Env) withAccount(cmd *exec.Cmd) *exec.Cmd {
	cmd.Path, cmd.Args = e.account, append([]string{e.account, e.passwd(), cmd.Path}, cmd.Args[1:]...)
	return inNamespace(cmd)
}
