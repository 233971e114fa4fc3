// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// A role binding of our name that is not ours is left alone, and so is the
// kubeconfig; a no leaves everything alone; one that is there is not asked about.
func TestBindingOfShortLivedCertificates(t *testing.T) {
	t.Parallel()
	const good = `{"metadata":{"name":"x"},"subjects":[{"kind":"Group","name":"magnum:cluster-admins"}],"roleRef":{"kind":"ClusterRole","name":"cluster-admin"}}`
	other := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatal(old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, test := range map[string]struct {
		there string
		taken bool
	}{
		"good":            {good, false},
		"another role":    {other("cluster-admin\"}", "view\"}"), true},
		"no cluster role": {other("ClusterRole", "Role"), true},
		"another group":   {other("magnum:cluster-admins", "system:authenticated"), true},
		"a user":          {other("Group", "User"), true},
		"one more":        {other("}],", `},{"kind":"Group","name":"system:authenticated"}],`), true},
		"one user more":   {other("}],", `},{"kind":"User","name":"bob"}],`), true},
		"nobody":          {other(`{"kind":"Group","name":"magnum:cluster-admins"}`, ""), true},
		"none, and no":    {"", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newUnsigned(t)
			if test.there != "" {
				s.signing.SetBinding(plugin.ClusterAdmins, []byte(test.there))
			}
			r := s.request()
			r.Confirm = func(p plugin.BindingPlan) error {
				if test.there != "" || p != (plugin.BindingPlan{Cluster: "prod", Name: plugin.ClusterAdmins, Role: "cluster-admin", Group: plugin.ClusterAdmins}) {
					t.Errorf("asked for %+v", p)
				}
				return errNo
			}
			_, err := s.Config(t.Context(), r)
			var taken *plugin.BindingTakenError
			if test.taken != (errors.As(err, &taken) || errors.Is(err, errNo)) || !test.taken && err != nil {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(r.Paths.Explicit); test.taken == (err == nil) {
				t.Errorf("the kubeconfig: %v", err)
			}
			if got := string(s.signing.Binding(plugin.ClusterAdmins)); got != test.there {
				t.Errorf("now it is %s", got)
			}
		})
	}
}

// Whoever is faster has to have made the same role binding.
func TestBindingMadeMeanwhile(t *testing.T) {
	t.Parallel()
	for there, taken := range map[string]bool{
		`{"metadata":{"name":"x"},"subjects":[{"kind":"Group","name":"magnum:cluster-admins"}],"roleRef":{"kind":"ClusterRole","name":"cluster-admin"}}`: false,
		`{"metadata":{"name":"x"},"subjects":[{"kind":"Group","name":"magnum:cluster-admins"}],"roleRef":{"kind":"ClusterRole","name":"view"}}`:          true,
	} {
		s := newUnsigned(t)
		s.signing.Break(apitest.Fault{Conflict: there})
		r := s.request()
		_, err := s.Config(t.Context(), r)
		var other *plugin.BindingTakenError
		if taken != errors.As(err, &other) || !taken && err != nil {
			t.Errorf("%s: got %v", there, err)
		}
		if _, err := os.Stat(r.Paths.Explicit); taken == (err == nil) {
			t.Errorf("the kubeconfig: %v", err)
		}
	}
}

// API servers sign for no masters, and we need not ask one.
func TestNoShortLivedMasters(t *testing.T) {
	t.Parallel()
	s := newUnsigned(t, plugin.ClusterAdmins, "system:masters")
	var name *plugin.NameError
	if _, err := s.config(); !errors.As(err, &name) || name.Flag != "--group" {
		t.Errorf("got %v", err)
	}
	if got := s.ask(); !errors.As(got.err, &name) {
		t.Errorf("got %v", got.err)
	}
	s.expect(0)
}
