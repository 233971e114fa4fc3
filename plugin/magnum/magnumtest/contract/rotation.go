// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"net/http"
	"regexp"
	"testing"
	"time"
)

// rotationTime is how long a rotation may take on a target.
const rotationTime = time.Minute

func (a *asker) rotate(name, cluster, as string, header map[string]string) reply {
	a.t.Helper()
	return a.ask(question{
		name: name, method: http.MethodPatch, path: certificates + "/" + cluster, as: as, header: header,
	})
}

func askRotations(a *asker) {
	askRefusedRotations(a)
	askRotation(a, "microversion absent", nil)
	askRotation(a, "latest", latest)
	a.rotate("as reader", "dev", "reader", latest)
	a.awaitStatus("dev")
	a.rotate("as bob", "dev", "bob", latest)
	a.awaitStatus("dev")
	askImpossibleRotation(a)
	if a.target.Rotation != nil && a.target.SetStatus != nil {
		askFailingRotations(a)
	}
}

func askRefusedRotations(a *asker) {
	a.rotate("as alice-appcred-limited", "prod", "alice-appcred-limited", latest)
	a.rotate("as admin", "prod", "admin", latest)
	for _, cluster := range []string{"notls", "ghost", ghost, "twin", "building", "failed"} {
		a.rotate(cluster, cluster, "alice", latest)
	}
	a.rotate("no cluster", "", "alice", latest)
	a.ask(question{
		name: "unsupported microversion", method: http.MethodPatch, path: certificates + "/prod", as: "alice",
		header: map[string]string{"OpenStack-API-Version": "container-infra 1.99"},
	})
}

// askRotation follows a rotation of prod from the PATCH to its end.
func askRotation(a *asker, name string, header map[string]string) {
	ca := func() reply { return a.quietly(http.MethodGet, certificates+"/prod", "alice", nil) }
	before := ca()
	if r := a.rotate(name, "prod", "alice", header); r.status != http.StatusAccepted {
		a.t.Fatalf("%s: %d %s", name, r.status, r.body)
	}
	during := ca()
	if before.pem() == during.pem() {
		a.t.Errorf("%s: Magnum still has the old CA", name)
	}
	a.get(name+": meanwhile", "/v1/clusters/prod", "alice")
	a.rotate(name+": again meanwhile", "prod", "alice", latest)
	if during.pem() != ca().pem() {
		a.t.Errorf("%s: the refused rotation changed the CA", name)
	}
	signed := a.quietly(http.MethodPost, certificates, "alice",
		object{"cluster_uuid": "prod", "csr": newCSR(a.t, csr{})})
	a.checkSignature(a.t, signed, during)
	a.awaitStatus("prod")
	a.get(name+": afterwards", "/v1/clusters/prod", "alice")
}

// askImpossibleRotation has the driver of norotate refuse: too late, Magnum
// has replaced its CA by then, and nothing brings the old one back.
func askImpossibleRotation(a *asker) {
	before := a.quietly(http.MethodGet, certificates+"/norotate", "alice", nil)
	a.rotate("norotate", "norotate", "alice", latest)
	if a.quietly(http.MethodGet, certificates+"/norotate", "alice", nil).pem() == before.pem() {
		a.t.Error("norotate: Magnum still has the old CA")
	}
	a.get("norotate: afterwards", "/v1/clusters/norotate", "alice")
	a.rotate("norotate: again", "norotate", "alice", latest)
}

// driverWords are what the driver says, which is the target's own.
var driverWords = regexp.MustCompile(`"(title|detail|status_reason)": "[^"]*"`)

func askFailingRotations(a *asker) {
	must(a.t, a.target.Rotation("fails"))
	a.rotate("dev fails", "dev", "alice", latest)
	a.awaitStatus("dev")
	a.get("dev fails: afterwards", "/v1/clusters/dev", "alice")
	a.rotate("dev fails: again", "dev", "alice", latest)
	must(a.t, a.target.SetStatus("dev", "UPDATE_COMPLETE"))
	must(a.t, a.target.Rotation("refused"))
	before := a.quietly(http.MethodGet, certificates+"/dev", "alice", nil)
	a.ask(question{
		name: "dev refused", method: http.MethodPatch, path: certificates + "/dev", as: "alice", header: latest,
		mask: driverWords,
	})
	if a.quietly(http.MethodGet, certificates+"/dev", "alice", nil).pem() == before.pem() {
		a.t.Error("dev refused: Magnum still has the old CA")
	}
	a.get("dev refused: afterwards", "/v1/clusters/dev", "alice")
	must(a.t, a.target.SetStatus("dev", "CREATE_COMPLETE"))
	must(a.t, a.target.Rotation("completes"))
}

// awaitStatus waits until a cluster is in no change.
func (a *asker) awaitStatus(cluster string) {
	a.t.Helper()
	if a.target.FinishRotation != nil {
		must(a.t, a.target.FinishRotation(cluster))
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.NewTimer(rotationTime)
	defer deadline.Stop()
	for a.status(a.t, cluster) == "UPDATE_IN_PROGRESS" {
		select {
		case <-poll.C:
		case <-deadline.C:
			a.t.Fatalf("%s is UPDATE_IN_PROGRESS after %v", cluster, rotationTime)
		}
	}
}

func (a *asker) status(t *testing.T, cluster string) string {
	t.Helper()
	r := a.quietly(http.MethodGet, "/v1/clusters/"+cluster, "alice", nil)
	var body struct{ Status string }
	must(t, json.Unmarshal(r.body, &body))
	return body.Status
}

func askChanges(a *asker) {
	if a.answers.version == base { // later ones ask Nova first, which pairs on loopback do without
		askRename(a)
	}
	for _, cluster := range []string{"ghost", "twin"} {
		a.ask(question{
			name: "delete " + cluster, method: http.MethodDelete, path: "/v1/clusters/" + cluster, as: "alice",
			header: latest,
		})
	}
	a.ask(question{
		name: "delete as alice-appcred-limited", method: http.MethodDelete, path: "/v1/clusters/{twin2}",
		as: "alice-appcred-limited", header: latest,
	})
	a.ask(question{
		name: "delete", method: http.MethodDelete, path: "/v1/clusters/{twin2}", as: "alice", header: latest,
	})
	a.awaitGone("<twin2>")
	a.get("a deleted cluster", "/v1/clusters/{twin2}", "alice")
	a.get("CA of a deleted cluster", certificates+"/{twin2}", "alice")
	a.get("the other twin", "/v1/clusters/twin", "alice")
}

func askRename(a *asker) {
	a.ask(question{
		name: "rename", method: http.MethodPatch, path: "/v1/clusters/dev", as: "alice", header: latest,
		body: []object{{"op": "replace", "path": "/name", "value": "dev2"}},
	})
}

// awaitGone waits until a cluster that was deleted is no more.
func (a *asker) awaitGone(name string) {
	a.t.Helper()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	deadline := time.NewTimer(rotationTime)
	defer deadline.Stop()
	for a.quietly(http.MethodGet, "/v1/clusters/"+a.id(name), "alice", nil).status != http.StatusNotFound {
		select {
		case <-poll.C:
		case <-deadline.C:
			a.t.Fatalf("%s is there after %v", name, rotationTime)
		}
	}
}
