// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"net/http"
	"slices"
	"time"
)

// RotationOutcome is how rotations that the driver can carry out go.
type RotationOutcome int

// How a rotation goes.
const (
	RotationCompletes RotationOutcome = iota // UPDATE_COMPLETE
	RotationFails                            // accepted, then UPDATE_FAILED
	RotationIsRefused                        // 400 and UPDATE_FAILED at once, the CA replaced all the same
)

// rotation is how this server's rotations go, and those under way.
type rotation struct {
	outcome RotationOutcome
	hook    func(uuid string)
	timers  []*time.Timer
}

func (r *rotation) stop() {
	for _, t := range r.timers {
		t.Stop()
	}
}

// SetRotation has later rotations end so.
func (s *Server) SetRotation(outcome RotationOutcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation.outcome = outcome
}

// OnRotate has f do to the nodes what a rotation does to them: it is called
// with the cluster's UUID when [Options].RotateAfter has passed, and the
// cluster is UPDATE_COMPLETE once f returns. f may call methods of s.
func (s *Server) OnRotate(f func(uuid string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation.hook = f
}

// Rotate is a rotation that another client asks for. It panics where PATCH
// would not have answered 202.
func (s *Server) Rotate(nameOrUUID string) {
	c := s.theCluster(nameOrUUID)
	if f := s.startRotation(c.UUID); f != nil {
		panic("magnumtest: rotate " + nameOrUUID + ": " + f.detail)
	}
}

// FinishRotation ends the rotation of a cluster now, as RotateAfter does. A
// cluster that is not UPDATE_IN_PROGRESS is left alone.
func (s *Server) FinishRotation(nameOrUUID string) {
	uuid := s.theCluster(nameOrUUID).UUID
	s.mu.Lock()
	hook, outcome := s.rotation.hook, s.rotation.outcome
	s.mu.Unlock()
	s.finishRotation(uuid, hook, outcome)
}

// rotateCA is PATCH /v1/certificates/{cluster}. Any member of the project may,
// also one who may not have a certificate.
func (s *Server) rotateCA(q *question, ident string) (answer, *fault) {
	c, f := s.cluster(q.token, ident, false)
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, "certificate:rotate_ca", c); f != nil {
		return answer{}, f
	}
	if c.template.tlsDisabled {
		return answer{}, faultf(http.StatusBadRequest,
			"Rotating the CA certificate on a non-TLS cluster is not supported")
	}
	if f := s.startRotation(c.UUID); f != nil {
		return answer{}, f
	}
	return jsonAnswer(http.StatusAccepted, object{{"uuid", c.UUID}}), nil
}

// rotatable are the statuses in which Magnum starts a rotation.
var rotatable = []string{
	"CREATE_COMPLETE", "UPDATE_COMPLETE", "RESUME_COMPLETE", "RESTORE_COMPLETE", "ROLLBACK_COMPLETE",
	"SNAPSHOT_COMPLETE", "CHECK_COMPLETE", "ADOPT_COMPLETE",
}

// startRotation replaces the CAs and only then asks the driver, as Magnum
// does: a driver that cannot rotate leaves a cluster whose nodes know nothing
// of the CA that Magnum now has.
func (s *Server) startRotation(uuid string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(uuid)
	if !slices.Contains(rotatable, c.Status) {
		return faultf(http.StatusBadRequest, "Updating a cluster when status is %q is not supported.", c.Status)
	}
	c.authorities = s.newAuthorities(c.Name, c.authorities.slot, c.authorities.generation+1)
	c.WithoutAuthority = false
	c.UpdatedAt = s.now()
	refusal := ""
	switch {
	case !c.template.canRotate():
		refusal = "'rotate_ca_certificate' is not supported by this driver."
	case s.rotation.outcome == RotationIsRefused:
		refusal = "the driver refused to rotate"
	}
	if refusal != "" {
		c.Status, c.StatusReason = "UPDATE_FAILED", refusal
		return faultf(http.StatusBadRequest, "%s", refusal)
	}
	c.Status, c.StatusReason = "UPDATE_IN_PROGRESS", ""
	s.scheduleEnd(uuid)
	return nil
}

// scheduleEnd keeps what is to happen as it is now. The caller holds s.mu.
func (s *Server) scheduleEnd(uuid string) {
	if s.opts.RotateAfter < 0 {
		return
	}
	hook, outcome := s.rotation.hook, s.rotation.outcome
	end := time.AfterFunc(s.opts.RotateAfter, func() { s.finishRotation(uuid, hook, outcome) })
	s.rotation.timers = append(s.rotation.timers, end)
}

func (s *Server) finishRotation(uuid string, hook func(string), outcome RotationOutcome) {
	if !s.rotating(uuid) {
		return
	}
	if hook != nil {
		hook(uuid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clusters {
		if c.UUID != uuid || c.Status != "UPDATE_IN_PROGRESS" {
			continue
		}
		c.Status, c.StatusReason = "UPDATE_COMPLETE", "CA rotated"
		if outcome == RotationFails {
			c.Status, c.StatusReason = "UPDATE_FAILED", "the rotation failed on the nodes"
		}
		c.UpdatedAt = s.now()
	}
}

func (s *Server) rotating(uuid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.clusters, func(c *cluster) bool {
		return c.UUID == uuid && c.Status == "UPDATE_IN_PROGRESS"
	})
}
