// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/rotation"
)

// TestRotation has rotations heal that a real Magnum carries out. One pair and
// one cluster serve all parts, as starting them takes long.
func TestRotation(t *testing.T) {
	p := Start(t)
	w := rotation.New(t, forRotation(t, p), rotation.Build(t))
	t.Run("idle, newest kubectl", func(t *testing.T) { rotation.Idle(t, w, w.Kubectl) })
	t.Run("idle, oldest kubectl", func(t *testing.T) { rotation.Idle(t, w, w.KubectlOld) })
	t.Run("within a lease", func(t *testing.T) { rotation.WithinALease(t, w, 0, "kubectl get ns") })
	t.Run("steady use", func(t *testing.T) { rotation.SteadyUse(t, w, "1m") })
	t.Run("client CA only", func(t *testing.T) { rotation.ClientCAOnly(t, w) })
	t.Run("ca-rotate", func(t *testing.T) { rotation.CARotate(t, w) })
}

// TestStartRotation needs no Kubernetes: it is about what the harness of
// TestRotation says.
func TestStartRotation(t *testing.T) {
	p := Start(t)
	o := forRotation(t, p)
	before := o.CurrentCA(t)
	o.StartRotation(t)
	if bytes.Equal(o.CurrentCA(t).Certificate, before.Certificate) {
		t.Error("Magnum has the same CA")
	}
	o.SetStatus(t, rotation.Complete)
	if got := login(t, p, "alice").status(t, "prod"); got != rotation.Complete {
		t.Errorf("status %s", got)
	}
	o.StartRotation(t)
}

// forRotation is forJob with rotations, which end when they are told to.
func forRotation(t *testing.T, p *Pair) rotation.OpenStack {
	t.Helper()
	p.Set(t, "rotate_seconds", "86400")
	return rotation.OpenStack{
		OpenStack:     forJob(t, p),
		StartRotation: func(t testing.TB) { startRotation(t, p) },
		CurrentCA: func(t testing.TB) cluster.CA {
			certificate, key := p.CA(t, "prod")
			return cluster.CA{Certificate: certificate, Key: key}
		},
		SetStatus: func(t testing.TB, status string) { p.SetCluster(t, "prod", "status", status) },
		Up:        p.Up,
	}
}

// startRotation asks as alice does and waits until Magnum has written down
// what it is about to do.
func startRotation(t testing.TB, p *Pair) {
	t.Helper()
	s := login(t, p, "alice")
	if status, body := s.do(t, http.MethodPatch, s.magnum+"/v1/certificates/prod"); status != http.StatusAccepted {
		t.Fatalf("rotate: %d %s", status, body)
	}
	deadline := time.Now().Add(time.Minute)
	for tick := time.NewTicker(50 * time.Millisecond); s.status(t, "prod") != rotation.InProgress; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("Magnum does not say %s after a minute", rotation.InProgress)
		}
	}
}

// status is what Magnum says of a cluster.
func (s session) status(t testing.TB, cluster string) string {
	t.Helper()
	var answer struct{ Status string }
	if code, body := s.get(t, "/v1/clusters/"+cluster); code != http.StatusOK || json.Unmarshal(body, &answer) != nil {
		t.Fatalf("%d %s", code, body)
	}
	return answer.Status
}
