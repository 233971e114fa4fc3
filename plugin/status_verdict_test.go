// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki/pkitest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// Whatever is off is said, and nothing else.
func TestVerdict(t *testing.T) {
	t.Parallel()
	ca, other := pkitest.NewCA(t, "prod", time.Now()), pkitest.NewCA(t, "prod", time.Now())
	key := pkitest.NewKey(t)
	foreign := []CredentialStatus{{User: "alice", cert: other.Client(t, key.Public(), time.Now(), nil)}}
	ours := []CredentialStatus{{User: "alice", cert: ca.Client(t, key.Public(), time.Now(), nil)}, {User: "none is cached"}}
	live := rotation.Seen{Live: ca.Certificate, Verdict: rotation.Accepted}
	refused := rotation.Seen{Live: ca.Certificate, Verdict: rotation.Refused}
	stranger, down, why := rotation.Seen{Stranger: true, Presented: "aa"}, rotation.Seen{Err: errors.New("it is down")}, errors.New("why")
	for _, test := range []struct {
		name        string
		reason      rotation.Reason
		seen        rotation.Seen
		credentials []CredentialStatus
		magnumErr   error
		fileOff     bool
		want        string
	}{
		{name: "all agree", seen: live, credentials: ours, want: "all agree"},
		{name: "impostor", reason: rotation.Impostor, seen: stranger, want: "the API server is off: it does not prove to have a certificate by any CA of this cluster (it showed SHA-256 aa)"},
		{name: "unasked", reason: rotation.Unasked, seen: stranger, magnumErr: why, want: "the API server is off, by the pinned CA, and Magnum could not be asked for its own: why"},
		{name: "retired", reason: rotation.Retired, seen: live, want: "the API server is off: it still presents the CA from before the rotation, which is over for Magnum"},
		{name: "differs", reason: rotation.Differs, seen: live, want: "Magnum is off: it has another CA than the API server, though no rotation is under way (S); certificates that it signs may be refused"},
		{name: "not secure", reason: rotation.NotSecure, seen: live, want: "Magnum names another CA than the pinned one, but over a connection without verified TLS, so it is not believed"},
		{name: "rotated", reason: rotation.Rotated, seen: live, want: "the CA has been replaced, and this machine has just learnt it"},
		{name: "window", reason: rotation.InWindow, seen: live, want: "a rotation is under way: Magnum has a new CA, the API server the old one, and both are trusted until Magnum says UPDATE_COMPLETE"},
		{name: "window, down", reason: rotation.InWindow, seen: down, want: "a rotation is under way: Magnum has a new CA, and the API server does not answer"},
		{name: "refused", seen: refused, want: "the API server refuses the cached certificate"},
		{name: "the record is another's", seen: live, credentials: foreign, want: `the cached certificate of "alice" is of another CA; the next call replaces it`},
		{name: "the file was off", seen: live, fileOff: true, want: "the CA file was off"},
		{name: "two things", seen: refused, fileOff: true, want: "the API server refuses the cached certificate; the CA file was off"},
		{name: "down", seen: down, want: "the API server could not be asked: it is down"},
		{name: "no address", want: "the API server could not be asked: its address is not known"},
		{name: "Magnum is down", seen: live, magnumErr: why, want: "Magnum could not be asked: why"},
	} {
		o := outcome{Decision: rotation.Decision{Reason: test.reason}, seen: test.seen, magnumErr: test.magnumErr}
		o.after = state.Cluster{Pinned: []*x509.Certificate{ca.Certificate}}
		s := ClusterStatus{Status: "S", Live: test.seen.Live, Credentials: test.credentials}
		got, agree := verdictOf(s, o, nil, test.fileOff)
		if got != test.want || agree != (test.want == "all agree") {
			t.Errorf("%s: got %v, %s", test.name, agree, got)
		}
	}
	if got, agree := verdictOf(ClusterStatus{Live: ca.Certificate}, outcome{magnumErr: why}, context.Canceled, false); !agree || got != "all agree" {
		t.Errorf("interrupted: got %v, %s", agree, got)
	}
}
