// SPDX-License-Identifier: Apache-2.0

// Package tokencommand runs another program that prints a token, such as
// openstack token issue -f value -c id.
//
// It runs an absolute path with a list of arguments, without a shell, in an
// environment and a directory that are given in full: it takes nothing from this
// process, whose environment may be somebody else's. It gives the program no
// terminal, no input and little time, takes one short line of its output, and
// puts nothing of that into an error. Which program may be run, and where its
// token may go, is not its business.
//
// There is no API stability promise.
package tokencommand
