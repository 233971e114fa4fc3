// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// TLSDisabledError is a cluster whose API server speaks plain http: there is no
// CA to rotate.
type TLSDisabledError struct{}

func (e *TLSDisabledError) Error() string { return "it has TLS disabled, so there is no CA to rotate" }

// NotRotatableStatusError is a cluster in the middle of a change, or after one
// that failed. Magnum refuses those itself, with less to say.
type NotRotatableStatusError struct{ Status, Reason string }

func (e *NotRotatableStatusError) Error() string {
	s := "it is " + e.Status
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s + ", and only a cluster whose last change is complete can be rotated"
}

// DriverCannotRotateError is a cluster whose Magnum driver cannot rotate its
// CA, or is not known to. Magnum replaces its own CA before it asks the driver:
// one that cannot rotate leaves a cluster that takes no certificate from Magnum
// ever again, and nothing undoes it.
type DriverCannotRotateError struct {
	Driver          string // of the template, "" if it names none
	Distro          string
	StackID         string
	MaxMicroversion magnum.Microversion
}

func (e *DriverCannotRotateError) Error() string {
	return e.why() + ": Magnum would replace its CA and then fail, and the cluster would take no certificate from Magnum ever again"
}

// why is the first thing that speaks against the driver, "" if nothing does.
func (e *DriverCannotRotateError) why() string {
	const heat = "k8s_fedora_coreos_v1"
	switch {
	case e.Driver != "" && e.Driver != heat:
		return fmt.Sprintf("its driver (%q) cannot rotate a CA", e.Driver)
	case e.Distro != "fedora-coreos":
		return fmt.Sprintf("its driver (for distro %q) cannot rotate a CA", e.Distro)
	case !state.ValidUUID(e.StackID):
		return fmt.Sprintf("its driver (its stack %q is not one of Heat's) cannot rotate a CA", e.StackID)
	case e.MaxMicroversion == magnum.Microversion{}:
		return "Magnum does not say its version, and from 23 on it has no driver that can rotate a CA"
	case e.MaxMicroversion.Compare(lastToRotate) > 0:
		return fmt.Sprintf("this Magnum (API %s) has no driver that can rotate a CA", e.MaxMicroversion)
	}
	return ""
}

// lastToRotate is the API of Magnum 22, the last release with a driver of its
// own. Those of the Cluster API beside it cannot rotate.
var lastToRotate = magnum.Microversion{Major: 1, Minor: 12}

// rotatableStatuses are those in which Magnum starts a rotation.
var rotatableStatuses = []string{
	"CREATE_COMPLETE", "UPDATE_COMPLETE", "RESUME_COMPLETE", "RESTORE_COMPLETE", "ROLLBACK_COMPLETE",
	"SNAPSHOT_COMPLETE", "CHECK_COMPLETE", "ADOPT_COMPLETE",
}

// checkRotatable says what speaks against rotating the CAs of c, which was
// made from template t: nil only if Magnum is known to come through with it, or
// if the driver is assumed to. c is as [magnum.Client.Cluster] read it.
func checkRotatable(c magnum.Cluster, t magnum.Template, assumeDriver bool) error {
	switch {
	case t.TLSDisabled:
		return &TLSDisabledError{}
	case !slices.Contains(rotatableStatuses, c.Status):
		return &NotRotatableStatusError{Status: c.Status, Reason: c.StatusReason}
	case t.COE != "kubernetes":
		return &NotKubernetesError{COE: t.COE}
	case assumeDriver:
		return nil
	}
	driver := &DriverCannotRotateError{
		Driver: t.Driver, Distro: t.Distro, StackID: c.StackID, MaxMicroversion: c.MaxMicroversion,
	}
	if driver.why() != "" {
		return driver
	}
	return nil
}
