// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const apartVar = "KUBECTL_MAGNUM_E2E_APART"

// apart says that this process has a kernel keyring of its own, which may be
// cleared: that of a user namespace. Before that it runs the calling test once
// more, in a process that is there, and says false.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(apartVar) != "" {
		return true
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), apartVar+"=yes")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
		// The same ids: D-Bus and the program compare them.
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("without user namespaces: %v", err)
	}
	err := cmd.Wait()
	t.Logf("apart:\n%s", &out)
	if err != nil || !strings.Contains(out.String(), "--- PASS: "+t.Name()) {
		t.Errorf("apart: %v", err)
	}
	return false
}
