// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"fmt"
	"path/filepath"
	"runtime"
)

// Account is a user as the operating system's user database has it. No
// environment has a part in it.
type Account struct {
	Name string
	Home string // an absolute path
	UID  int    // -1 on Windows
}

// NoAccountError says that the user database does not know this process's user,
// as in containers that run with a uid of their own, or has no home directory for
// it.
type NoAccountError struct{ UID int }

func (e *NoAccountError) Error() string {
	return fmt.Sprintf("the system's user database has no home directory for uid %d", e.UID)
}

// File is where a's configuration is.
func (a Account) File() File {
	config := filepath.Join(a.Home, ".config")
	if runtime.GOOS == "windows" {
		config = filepath.Join(a.Home, "AppData", "Roaming")
	}
	return File{Path: filepath.Join(config, "kubectl-magnum", "config.yaml"), UID: a.UID}
}
