// SPDX-License-Identifier: Apache-2.0

// Package openstack turns clouds.yaml and OS_* variables into an authenticated
// client of an OpenStack cloud.
//
// [Resolve] decides, without a request, which cloud is meant and how to log in
// to it; [Cloud.Connect] logs in with one request; [Session.ContainerInfra]
// gives the client of the container infrastructure service from the catalog
// that came with the token; [Explain] turns what can go wrong on the way into
// errors that carry data.
//
// Where it does not know how to log in to a cloud of clouds.yaml, a [TokenCommand]
// may: it decides where the token of one may go, and neither finds nor runs it.
//
// It refuses to guess: a way to log in that it does not know is refused by
// name. It reads regular files only, follows no redirect, waits no longer than
// 90 s for an answer and reads none over 8 MiB, repeats no request but GET,
// speaks no HTTP/2, never prompts, and puts no password, secret or token into
// an error, whatever a server says.
// What runs on the service is not its business.
//
// There is no API stability promise.
package openstack
