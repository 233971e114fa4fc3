// SPDX-License-Identifier: Apache-2.0

// Package lifeline ties a server to the test that started it. It refuses to
// shut down in an orderly way: nothing that these servers hold is worth it. No
// API stability promise.
package lifeline

import (
	"io"
	"os"
)

// Hold ends this process when standard input ends. The starter keeps the other
// end of a pipe open: even a starter killed by SIGKILL leaves no server behind.
func Hold() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
}
