// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

type reservedPort struct{ number int }

// reservePort refuses: kube-apiserver is not released for Windows.
func reservePort() (reservedPort, error) {
	return reservedPort{}, errors.New("kube-apiserver does not run on Windows")
}

func (reservedPort) release() {}
