// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// TestCARotateRefuses has ca-rotate meet clusters that a rotation would destroy,
// or could not reach. On the real pair that is for good, so what counts is that
// Magnum is not asked, and has the same CA afterwards.
func TestCARotateRefuses(t *testing.T) {
	p := Start(t)
	clouds := read(t, p.CloudsYAML)
	p.SetCluster(t, "dev", "status", "UPDATE_FAILED")
	p.SetCluster(t, "dev", "status_reason", "the nodes did not follow")
	for _, c := range []struct {
		name, cloud, cluster string
		want                 []string // in stderr
	}{
		{"a driver that cannot", "alice", "norotate", []string{"cannot rotate a CA", "--assume-driver-rotates norotate"}},
		{"after a change that failed", "alice", "dev", []string{"UPDATE_FAILED (the nodes did not follow)"}},
		{"being created", "alice", "building", []string{"CREATE_IN_PROGRESS"}},
		{"creation failed", "alice", "failed", []string{"failed"}},
		{"TLS disabled", "alice", "notls", []string{"TLS disabled"}},
		{"unknown cluster", "alice", "ghost", []string{`"ghost"`}},
		{"two of one name", "alice", "twin", []string{`"twin"`}},
		{"not the creator", "bob", "prod", []string{userID(t, p, "alice")}},
		{"may only look", "reader", "prod", []string{userID(t, p, "alice")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := caOf(t, p, c.cluster)
			newUser(t, clouds, c.cloud).refused(t, 1, c.want, "ca-rotate", c.cluster, "--yes")
			if !bytes.Equal(caOf(t, p, c.cluster), before) {
				t.Error("Magnum has another CA")
			}
		})
	}
	for _, r := range p.Requests(t) {
		if r.Method == http.MethodPatch && strings.Contains(r.Path, "/certificates") {
			t.Errorf("Magnum was asked: %s", r)
		}
	}
}

// caOf is Magnum's answer to who may read a cluster's CA, be it one or not.
func caOf(t *testing.T, p *Pair, cluster string) []byte {
	t.Helper()
	_, body := login(t, p, "alice").get(t, "/v1/certificates/"+cluster)
	return body
}
