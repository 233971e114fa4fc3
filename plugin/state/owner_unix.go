// SPDX-License-Identifier: Apache-2.0

//go:build unix

package state

import (
	"os"
	"syscall"
)

func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

func root() bool { return os.Geteuid() == 0 }
