// SPDX-License-Identifier: Apache-2.0

// Package settings is the program's own configuration file: for each cloud of
// clouds.yaml that has one, the command that prints its token, and where that
// token may go.
//
// The file is below the home directory that the operating system's user database
// has for the account, and nowhere else: HOME, XDG_CONFIG_HOME and the working
// directory may be chosen by whoever wrote a kubeconfig. It is believed only if
// it, and its directory, are the account's and nobody else may write to them.
// What is in it that is not known here is refused, with its line. It holds no
// secret, and nothing here runs what it names, but getent, which knows accounts.
//
// There is no API stability promise.
package settings
