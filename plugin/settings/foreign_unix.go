// SPDX-License-Identifier: Apache-2.0

//go:build unix

package settings

import (
	"os"
	"syscall"
)

// foreign says why others may have had a hand in a file, "" if they had not.
func (f File) foreign(info os.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok || int(stat.Uid) != f.UID:
		return "belongs to another user"
	case info.Mode().Perm()&0o022 != 0:
		return "can be written by others than its owner"
	}
	return ""
}
