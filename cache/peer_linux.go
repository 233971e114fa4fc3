// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// peerUID asks the kernel who listens at the other end of socket.
func peerUID(socket syscall.RawConn) (uid int, known bool, err error) {
	var peer *unix.Ucred
	var sockErr error
	err = socket.Control(func(fd uintptr) {
		peer, sockErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err == nil {
		err = sockErr
	}
	if err != nil {
		return 0, false, err
	}
	return int(peer.Uid), true, nil
}
