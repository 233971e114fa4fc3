// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
)

// ClusterAdmins is the group that short-lived certificates are for by default, and
// the name of the role binding that makes its members administrators. They renew
// their certificates by themselves, which takes the right to approve such requests,
// and that is the right to be anybody: no group with fewer rights gets it.
const ClusterAdmins = "magnum:cluster-admins"

const (
	adminRole    = "cluster-admin"
	managedBy    = "app.kubernetes.io/managed-by"
	managedByUs  = "kubectl-magnum"
	bindingsKind = "ClusterRoleBinding"
)

// BindingPlan is a role binding that is about to be made in a cluster.
type BindingPlan struct {
	Cluster           string // its name
	Name, Role, Group string
}

// BindingTakenError is a role binding of our name that says something else.
type BindingTakenError struct{ Name string }

func (e *BindingTakenError) Error() string {
	return fmt.Sprintf("it has a %s %q that is not the one of kubectl magnum, and is left as it is", bindingsKind, e.Name)
}

// bindAll has the groups of short-lived certificates bound, each in its cluster.
func (p *Plugin) bindAll(ctx context.Context, r ConfigRequest, targets []*target) error {
	for _, t := range targets {
		if t.introducer == nil || !slices.Contains(t.id.Groups, ClusterAdmins) {
			continue
		}
		if err := p.bind(ctx, r, t); err != nil {
			return &ClusterError{Cluster: t.cluster.Name, Err: err}
		}
	}
	return nil
}

// bind sees to it that the group of a short-lived certificate may do something,
// and asks before it makes a role binding. It is asked with the certificate that
// Magnum signed. One request, or two.
func (p *Plugin) bind(ctx context.Context, r ConfigRequest, t *target) error {
	client, done, err := p.apiClient(p.apiServer(t.cluster.APIAddress), []*x509.Certificate{t.issued.ca}, t.introducer)
	if err != nil {
		return err
	}
	defer done()
	there, found, err := client.FindBinding(ctx, ClusterAdmins)
	switch {
	case err != nil:
		return err
	case found && !there.Gives(adminRole, ClusterAdmins):
		return &BindingTakenError{Name: ClusterAdmins}
	case found:
		return nil
	}
	if err := r.Confirm(BindingPlan{Cluster: t.cluster.Name, Name: ClusterAdmins, Role: adminRole, Group: ClusterAdmins}); err != nil {
		return err
	}
	return client.CreateBinding(ctx, apiserver.Binding{
		Name: ClusterAdmins, Role: adminRole, Groups: []string{ClusterAdmins}, Labels: map[string]string{managedBy: managedByUs},
	})
}
