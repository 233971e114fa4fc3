// SPDX-License-Identifier: Apache-2.0

// Package nodecert says which certificates a node of a cluster has, which of
// them are due, and installs them: etc/kubernetes/pki and the kubeconfigs
// beside it, in kubeadm's names and under any root directory. It also reads
// what kubeadm and Heat's scripts installed.
//
// pki is exchanged as a whole, so that whoever looks at it at any time, or
// after a crash, finds the old one or the new one. Keys are mode 0600 from
// their first byte on. It refuses to work in directories that others may write,
// through symbolic links, and on files of other users.
//
// It asks no server: who signs is the caller's business. It works on Linux
// alone. There is no promise of API stability.
package nodecert
