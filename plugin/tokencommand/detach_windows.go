// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"os/exec"
	"syscall"
)

const createNoWindow = 0x08000000

// detach gives the program no console to ask for a password on.
func detach(run *exec.Cmd) {
	run.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: createNoWindow}
}
