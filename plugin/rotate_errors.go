// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// RotationFailedError is a rotation that Magnum has given up.
type RotationFailedError struct {
	Status, Reason string
	Before, Now    string // fingerprints; the same if nothing was replaced
}

func (e *RotationFailedError) Error() string {
	s := "the rotation failed: it is " + e.Status
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	if e.Before != e.Now {
		s += fmt.Sprintf("; Magnum has a new CA (SHA-256 %s) that the cluster may not have", e.Now)
	}
	return s
}

// RotationUnknownError is a rotation of which nobody knows whether it will
// begin.
type RotationUnknownError struct {
	Asked  string // when an earlier run asked; "" if it was this one
	Status string // as it is now; "" if that is not known either
	Err    error  // what came in place of an answer; nil if an earlier run got it
}

func (e *RotationUnknownError) Error() string {
	switch {
	case e.Err == nil:
		return fmt.Sprintf("a rotation was asked for at %s, a moment ago, and may yet begin; so far it is %s and has its old CA", e.Asked, e.Status)
	case e.Status == "":
		return fmt.Sprintf("it is not known whether Magnum has begun to rotate: %v", e.Err)
	}
	return fmt.Sprintf("Magnum did not say whether it rotates (%v); so far it is %s and has its old CA", e.Err, e.Status)
}

func (e *RotationUnknownError) Unwrap() error { return e.Err }

// RotationGoesOnError is a rotation whose end was not seen: it takes longer than
// anybody wanted to wait, or something else went wrong meanwhile.
type RotationGoesOnError struct {
	Status string
	Waited time.Duration
	Err    error // nil if it only takes long
}

func (e *RotationGoesOnError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("the rotation goes on, but its end was not seen: %v", e.Err)
	}
	return fmt.Sprintf("it is still %s, after %s of waiting; the rotation goes on", e.Status, e.Waited)
}

func (e *RotationGoesOnError) Unwrap() error { return e.Err }

// RotateInterruptedError is a rotation that Magnum was asked for, or may have
// been, and that goes on without us.
type RotateInterruptedError struct{}

func (*RotateInterruptedError) Error() string {
	return "interrupted; a rotation that Magnum has begun goes on by itself"
}

// NotProvedError is a rotation that is complete for Magnum, but not for the API
// server.
type NotProvedError struct{ Proof Proof }

func (e *NotProvedError) Error() string {
	switch {
	case e.Proof.Old == rotation.Accepted:
		return "the rotation is complete for Magnum, but the API server still accepts certificates of the old CA"
	case e.Proof.New == rotation.Refused:
		return "the rotation is complete for Magnum, but the API server does not accept certificates of the new CA"
	}
	return fmt.Sprintf("the rotation is complete for Magnum, but the API server does not present the new CA: %v", e.Proof.Err)
}

// OtherNameError is an assumption about another cluster than the one that is
// meant.
type OtherNameError struct{ Typed, Name string }

func (e *OtherNameError) Error() string {
	return fmt.Sprintf("--assume-driver-rotates names %q, but the cluster is called %q", e.Typed, e.Name)
}
