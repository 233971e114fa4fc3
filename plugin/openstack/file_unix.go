// SPDX-License-Identifier: Apache-2.0

//go:build unix

package openstack

import "syscall"

// notBlocking lets a pipe be opened that nobody has open for writing.
const notBlocking = syscall.O_NONBLOCK
