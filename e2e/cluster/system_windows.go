// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"net"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

type reservedPort struct{ number int }

// reservePort refuses: kube-apiserver is not released for Windows.
func reservePort() (reservedPort, error) {
	return reservedPort{}, errors.New("kube-apiserver does not run on Windows")
}

func (reservedPort) listen(context.Context) (net.Listener, error) {
	return nil, errors.New("no port is reserved")
}

func (reservedPort) release() {}
