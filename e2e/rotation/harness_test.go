// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"bytes"
	"slices"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
)

// TestARotationIsOne has nothing to do with healing: it shows that what the
// other tests heal from is there.
func TestARotationIsOne(t *testing.T) {
	w := world(t)
	u := w.newUser(t, w.Kubectl, "")
	for _, command := range everybody {
		u.succeeds(command)
	}
	before := w.CurrentCA(t)
	if !holds(u.caFile(), before) {
		t.Error("the CA file does not hold Magnum's CA")
	}
	w.Begin(t)
	if bytes.Equal(w.CurrentCA(t).Certificate, before.Certificate) {
		t.Error("Magnum has the same CA")
	}
	// Magnum is ahead of the API server.
	u.succeeds("kubectl get ns")
	w.Finish(t)
	if out := u.runs("client get"); out.Code == 0 {
		t.Error("a client with the old CA got through")
	}
	if other := w.newUser(t, w.KubectlOld, ""); !holds(other.caFile(), w.CurrentCA(t)) {
		t.Error("a user who comes later has another CA")
	} else {
		other.succeeds("kubectl get ns")
	}
}

func TestOpenStackComesBack(t *testing.T) {
	w := world(t)
	w.Down(t)
	u := w.newcomer(t, w.Kubectl)
	if out := u.runs("kubectl magnum config prod"); out.Code == 0 {
		t.Error("configured without OpenStack")
	}
	w.Up(t)
	u.succeeds("kubectl magnum config prod")
}

func TestWatcherTellsWhatItSees(t *testing.T) {
	w := world(t)
	client := w.newUser(t, w.Kubectl, "").startWatcher()
	client.awaits(t, 2, "list ok", soon)
	if err := w.API.CreateConfigMap(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	client.awaits(t, 1, "event add first", soon)
	connects, accepted := client.said("connect "), w.Front.Accepted()
	if len(connects) != 1 || !slices.ContainsFunc(accepted, func(a cluster.Accepted) bool { return connects[0] == "connect "+a.From }) {
		t.Errorf("it went over %q, the API server's connections are of %+v", connects, accepted)
	}
	w.Front.CutAll()
	if err := w.API.CreateConfigMap(t.Context(), "second"); err != nil {
		t.Fatal(err)
	}
	client.awaits(t, 1, "event add second", soon)
	if connects := client.said("connect "); len(connects) != 2 {
		t.Errorf("after a cut it went over %q", connects)
	}
}
