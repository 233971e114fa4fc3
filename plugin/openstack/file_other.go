// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package openstack

// notBlocking is for systems with pipes that have names of files.
const notBlocking = 0
