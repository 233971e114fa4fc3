// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
)

// Each of these destroys a cluster if it is let through.
func TestCheckRotatable(t *testing.T) {
	t.Parallel()
	const stack = "7ae81bb3-dec3-4289-8d6c-da80bd8001ae"
	api := func(minor int) magnum.Microversion { return magnum.Microversion{Major: 1, Minor: minor} }
	cluster := magnum.Cluster{Status: "CREATE_COMPLETE", StackID: stack, MaxMicroversion: api(10)}
	template := magnum.Template{COE: "kubernetes", Distro: "fedora-coreos"}
	cannot := func(edit func(*DriverCannotRotateError)) error {
		e := &DriverCannotRotateError{Distro: "fedora-coreos", StackID: stack, MaxMicroversion: api(10)}
		edit(e)
		return e
	}
	for name, test := range map[string]struct {
		edit  func(*magnum.Cluster, *magnum.Template)
		want  error
		words string // that the error begins with
	}{
		"Magnum 15":              {func(*magnum.Cluster, *magnum.Template) {}, nil, ""},
		"its driver is named":    {func(_ *magnum.Cluster, t *magnum.Template) { t.Driver = "k8s_fedora_coreos_v1" }, nil, ""},
		"Magnum 22":              {func(c *magnum.Cluster, _ *magnum.Template) { c.MaxMicroversion = api(12) }, nil, ""},
		"rotated before":         {func(c *magnum.Cluster, _ *magnum.Template) { c.Status = "UPDATE_COMPLETE" }, nil, ""},
		"a reason, but complete": {func(c *magnum.Cluster, _ *magnum.Template) { c.StatusReason = "CA rotated" }, nil, ""},
		"no TLS": {
			func(c *magnum.Cluster, t *magnum.Template) { t.TLSDisabled, c.Status = true, "CREATE_FAILED" },
			&TLSDisabledError{}, "it has TLS disabled",
		},
		"rotating": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.Status = "UPDATE_IN_PROGRESS" },
			&NotRotatableStatusError{Status: "UPDATE_IN_PROGRESS"}, "it is UPDATE_IN_PROGRESS, and only a cluster",
		},
		"failed, and of Swarm": {
			func(c *magnum.Cluster, t *magnum.Template) {
				c.Status, c.StatusReason, t.COE = "UPDATE_FAILED", "no", "swarm"
			},
			&NotRotatableStatusError{Status: "UPDATE_FAILED", Reason: "no"}, "it is UPDATE_FAILED (no), and only a cluster",
		},
		"being deleted": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.Status = "DELETE_COMPLETE" },
			&NotRotatableStatusError{Status: "DELETE_COMPLETE"}, "",
		},
		"no status": {func(c *magnum.Cluster, _ *magnum.Template) { c.Status = "" }, &NotRotatableStatusError{}, ""},
		"Swarm":     {func(_ *magnum.Cluster, t *magnum.Template) { t.COE = "swarm" }, &NotKubernetesError{COE: "swarm"}, `it is a "swarm" cluster`},
		"Helm's driver, named": {
			func(_ *magnum.Cluster, t *magnum.Template) { t.Driver = "k8s_capi_helm_v1" },
			cannot(func(e *DriverCannotRotateError) { e.Driver = "k8s_capi_helm_v1" }), `its driver ("k8s_capi_helm_v1") cannot rotate a CA`,
		},
		"the older of Heat's": {
			func(_ *magnum.Cluster, t *magnum.Template) { t.Driver = "k8s_fedora_atomic_v1" },
			cannot(func(e *DriverCannotRotateError) { e.Driver = "k8s_fedora_atomic_v1" }), `its driver ("k8s_fedora_atomic_v1") cannot`,
		},
		"Cluster API, by distro": {
			func(c *magnum.Cluster, t *magnum.Template) { t.Distro, c.StackID = "ubuntu", "kube-x1y2z" },
			cannot(func(e *DriverCannotRotateError) { e.Distro, e.StackID = "ubuntu", "kube-x1y2z" }), `its driver (for distro "ubuntu") cannot rotate a CA`,
		},
		"Atomic": {
			func(_ *magnum.Cluster, t *magnum.Template) { t.Distro = "fedora-atomic" },
			cannot(func(e *DriverCannotRotateError) { e.Distro = "fedora-atomic" }), `its driver (for distro "fedora-atomic") cannot rotate a CA`,
		},
		"a distro like it": {
			func(_ *magnum.Cluster, t *magnum.Template) { t.Distro = "Fedora-CoreOS" },
			cannot(func(e *DriverCannotRotateError) { e.Distro = "Fedora-CoreOS" }), "",
		},
		"Cluster API, by stack": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.StackID = "prod-a1b2c3d4e5f6" },
			cannot(func(e *DriverCannotRotateError) { e.StackID = "prod-a1b2c3d4e5f6" }), `its driver (its stack "prod-a1b2c3d4e5f6" is not one of Heat's) cannot`,
		},
		"no stack": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.StackID = "" },
			cannot(func(e *DriverCannotRotateError) { e.StackID = "" }), "",
		},
		"Magnum 23": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.MaxMicroversion = api(14) },
			cannot(func(e *DriverCannotRotateError) { e.MaxMicroversion = api(14) }), "this Magnum (API 1.14) has no driver that can rotate a CA: Magnum would",
		},
		"before Magnum 23": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.MaxMicroversion = api(13) },
			cannot(func(e *DriverCannotRotateError) { e.MaxMicroversion = api(13) }), "",
		},
		"API 2": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.MaxMicroversion = magnum.Microversion{Major: 2} },
			cannot(func(e *DriverCannotRotateError) { e.MaxMicroversion = magnum.Microversion{Major: 2} }), "",
		},
		"of no version": {
			func(c *magnum.Cluster, _ *magnum.Template) { c.MaxMicroversion = magnum.Microversion{} },
			cannot(func(e *DriverCannotRotateError) { e.MaxMicroversion = magnum.Microversion{} }), "Magnum does not say its version",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, tmpl := cluster, template
			test.edit(&c, &tmpl)
			err := checkRotatable(c, tmpl, false)
			if diff := cmp.Diff(test.want, err); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err != nil && !strings.HasPrefix(err.Error(), test.words) {
				t.Errorf("it says %q", err)
			}
			want := test.want
			if _, driver := errors.AsType[*DriverCannotRotateError](want); driver {
				want = nil
			}
			if diff := cmp.Diff(want, checkRotatable(c, tmpl, true)); diff != "" {
				t.Errorf("the driver assumed (-want +got):\n%s", diff)
			}
		})
	}
}

// The statuses are Magnum's own, and no others.
func TestRotatableStatuses(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"CREATE", "UPDATE", "DELETE", "ROLLBACK", "RESUME", "RESTORE", "SNAPSHOT", "CHECK", "ADOPT"} {
		for _, end := range []string{"_IN_PROGRESS", "_FAILED", "_COMPLETE"} {
			c := magnum.Cluster{Status: status + end}
			err := checkRotatable(c, magnum.Template{COE: "kubernetes"}, true)
			if want := end == "_COMPLETE" && status != "DELETE"; (err == nil) != want {
				t.Errorf("%s: %v", c.Status, err)
			}
		}
	}
}
