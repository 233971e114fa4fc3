// SPDX-License-Identifier: Apache-2.0

// Package magnum makes the few calls of Magnum's API that the program needs:
// read clusters and their templates, read a cluster's CAs, have a CSR signed,
// rotate the CAs.
//
// It sends no microversion, so that every Magnum answers as its API 1.1 has it.
// It refuses answers that are not what the API promises, such as ids that are
// no UUIDs, and repeats nothing that Magnum acts on. It does not judge what
// Magnum signed: that is for whoever knows the key.
//
// There is no API stability promise.
//
// https://docs.openstack.org/api-ref/container-infrastructure-management/
package magnum
