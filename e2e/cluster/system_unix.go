// SPDX-License-Identifier: Apache-2.0

//go:build unix

package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownGroup keeps a terminal's Ctrl-C from the server: its starter ends it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// reservedPort is a loopback TCP port that nobody else can take: a socket is
// bound to it and never listens. A server that sets SO_REUSEPORT may listen.
type reservedPort struct {
	number int
	socket *os.File
}

func reservePort() (reservedPort, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return reservedPort{}, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	p := reservedPort{socket: os.NewFile(uintptr(fd), "port")}
	err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err != nil {
		p.release()
		return reservedPort{}, os.NewSyscallError("bind", err)
	}
	address, err := unix.Getsockname(fd)
	if err != nil {
		p.release()
		return reservedPort{}, os.NewSyscallError("getsockname", err)
	}
	bound, ok := address.(*unix.SockaddrInet4)
	if !ok {
		p.release()
		return reservedPort{}, fmt.Errorf("bound to %T instead of IPv4", address)
	}
	p.number = bound.Port
	return p, nil
}

// listen listens on the port from within this process.
func (p reservedPort) listen(ctx context.Context) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, socket syscall.RawConn) error {
		var err error
		if e := socket.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}); e != nil {
			return e
		}
		return os.NewSyscallError("setsockopt", err)
	}}
	return config.Listen(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", p.number))
}

func (p reservedPort) release() {
	if p.socket != nil {
		_ = p.socket.Close()
	}
}
