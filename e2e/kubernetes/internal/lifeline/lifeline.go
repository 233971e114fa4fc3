// SPDX-License-Identifier: Apache-2.0

// Package lifeline ties a server to the test that started it. It knows no way
// to outlive that test and refuses to start without one. No API stability
// promise.
package lifeline

import (
	"io"
	"os"
	"syscall"
)

// Hold ends this process, with SIGTERM to itself, when standard input ends.
// The starter keeps the other end of a pipe open: even a starter killed by
// SIGKILL leaves no server behind.
func Hold() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		if self, err := os.FindProcess(os.Getpid()); err == nil && self.Signal(syscall.SIGTERM) == nil {
			return
		}
		os.Exit(1)
	}()
}
