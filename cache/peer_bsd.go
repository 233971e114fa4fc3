// SPDX-License-Identifier: Apache-2.0

//go:build freebsd || dragonfly || netbsd || openbsd

package cache

import "syscall"

// peerUID does not know how to ask these systems. There the bus itself refuses
// whoever is not its user, and nothing protects from a bus that lies.
func peerUID(syscall.RawConn) (uid int, known bool, err error) { return 0, false, nil }
