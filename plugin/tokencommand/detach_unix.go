// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokencommand

import (
	"os/exec"
	"syscall"
)

// detach gives the program a session of its own: there it has no terminal to ask
// for a password on, and all that it starts can be killed at once.
func detach(run *exec.Cmd) {
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	run.Cancel = func() error { return syscall.Kill(-run.Process.Pid, syscall.SIGKILL) }
}
