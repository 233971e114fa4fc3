// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package nodecert

import (
	"io/fs"
	"os"
)

const supported = false

func lock(*os.File) error { return ErrNotLinux }

func unlock(*os.File) {}

func exchange(*os.File, string, string) error { return ErrNotLinux }

func mountPoint(*os.File, string) (bool, error) { return false, ErrNotLinux }

func ownerOf(fs.FileInfo) (uid, gid int) { return -1, -1 }

func syncDir(*os.File) error { return ErrNotLinux }

func mounted(*os.File, string) (bool, error) { return false, ErrNotLinux }
