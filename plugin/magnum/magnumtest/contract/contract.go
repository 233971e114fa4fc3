// SPDX-License-Identifier: Apache-2.0

// Package contract asks a Keystone and a Magnum everything that this program
// could meet and compares each answer, ids, times, hosts and keys aside, with
// what the real ones answered. It runs on the double in magnumtest with every
// `go test`, and on a real pair (see [FromEnv]): so the double is known to be
// one.
//
//	MAGNUM_CONTRACT_CLOUDS=clouds.yaml go test ./plugin/magnum/magnumtest/contract -run TestReal
//
// The answers in testdata/15.txt were recorded from Keystone 22.0.2 and Magnum
// 15.0.1; testdata/23.txt has what Keystone 30.0.0 and Magnum 23.0.0 answer
// differently.
//
// It refuses to be kind to its target: it rotates CAs, breaks the cluster
// norotate for good and deletes clusters. Use a pair made for it, once. There
// is no API stability promise.
package contract

import (
	"testing"
	"time"
)

// Target is a pair to question, with the users, clusters and application
// credentials that magnumtest has.
type Target struct {
	KeystoneURL string // ends in /v3
	Clouds      map[string]Cloud
	Policy      string // of Magnum: "" for its own, "project": then only that is asked about

	// TokenLife sets the life of tokens issued from now on. Nil: cannot.
	TokenLife func(time.Duration) error
	// Rotation sets how rotations end: "completes", "fails" (in time) or
	// "refused" (at once). Nil: cannot.
	Rotation func(outcome string) error
	// FinishRotation ends the rotation of a cluster under way. Nil: it ends in
	// its own time, for which Run waits.
	FinishRotation func(cluster string) error
	// SetStatus sets the status of a cluster. Nil: cannot.
	SetStatus func(cluster, status string) error

	// Record is a directory to write the answers to instead of comparing them:
	// all that were asked for, once none of them was a failure.
	Record string
}

// Cloud is how one of the clouds logs in: as a user, or by an application
// credential.
type Cloud struct {
	Username, Password, Project    string
	CredentialID, CredentialSecret string
}

type section struct {
	name string
	ask  func(*asker)
}

// Run asks t everything. Answers to record are written when all were given.
func Run(t *testing.T, target Target) {
	t.Helper()
	a := newAsker(t, target)
	sections := []section{
		{"discovery", askDiscovery},
		{"tokens", askTokens},
		{"application credentials", askCredentials},
		{"microversions", askMicroversions},
		{"clusters", askClusters},
		{"templates", askTemplates},
		{"ca", askCAs},
		{"sign", askSigning},
		{"sign refusals", askRefusals},
		{"rotate", askRotations},
		{"change", askChanges},
	}
	if target.Policy == "project" {
		sections = []section{{"policy project", askProjectPolicy}}
	}
	for _, s := range sections {
		t.Run(s.name, func(t *testing.T) { s.ask(a.section(t, s.name)) })
	}
	a.finish(t)
}
