// SPDX-License-Identifier: Apache-2.0

// Package rotation knows what to do when a cluster's CA may have changed. It
// has two parts: [Target], which finds out what an API server presents and
// whether it accepts a credential, and [Decide], which is the table of what
// follows from that and from what Magnum says.
//
// It believes no CA because a server presents it: a CA is trusted only if
// Magnum named it. It writes nothing, issues nothing, and sends a credential
// only to a server that has proved to be the cluster's. There is no promise of
// API stability.
package rotation
