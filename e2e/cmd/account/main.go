// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command account runs a program with another user database:
//
//	account PASSWD PROGRAM [ARGUMENT...]
//
// has PASSWD in place of /etc/passwd. It is to be started in a mount namespace of
// its own, where it may mount.
package main

import (
	"fmt"
	"os"
	"syscall"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "account: name a file and a program")
		os.Exit(2)
	}
	err := syscall.Mount(os.Args[1], "/etc/passwd", "", syscall.MS_BIND, "")
	if err == nil {
		err = syscall.Exec(os.Args[2], os.Args[2:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "account:", err)
	os.Exit(1)
}
