// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
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

// planBindings finds out which clusters lack the role binding of their short-lived
// certificates, and asks about each before it is made. One request a cluster.
func (p *Plugin) planBindings(ctx context.Context, r ConfigRequest, targets []*target) error {
	for _, t := range targets {
		if t.introducer == nil || !renewsItself(t.id) {
			continue
		}
		there, err := p.isBound(ctx, t)
		if err == nil && !there {
			t.unbound = true
			err = r.Confirm(BindingPlan{Cluster: t.cluster.Name, Name: ClusterAdmins, Role: adminRole, Group: ClusterAdmins})
		}
		if err != nil {
			return &ClusterError{Cluster: t.cluster.Name, Err: err}
		}
	}
	return nil
}

// isBound says whether the role binding is there. One of its name that says
// something else is an error.
func (p *Plugin) isBound(ctx context.Context, t *target) (bool, error) {
	client, done, err := p.asIntroducer(t)
	if err != nil {
		return false, err
	}
	defer done()
	there, found, err := client.FindBinding(ctx, ClusterAdmins)
	if err == nil && found && !there.Gives(adminRole, ClusterAdmins) {
		err = &BindingTakenError{Name: ClusterAdmins}
	}
	return found, err
}

// bind makes the role binding that a cluster lacks. If somebody is faster it has to
// be the same one.
func (p *Plugin) bind(ctx context.Context, t *target) error {
	client, done, err := p.asIntroducer(t)
	if err != nil {
		return err
	}
	defer done()
	err = client.CreateBinding(ctx, apiserver.Binding{
		Name: ClusterAdmins, Role: adminRole, Groups: []string{ClusterAdmins}, Labels: map[string]string{managedBy: managedByUs},
	})
	var refused *apiserver.StatusError
	if errors.As(err, &refused) && refused.Code == http.StatusConflict {
		_, err = p.isBound(ctx, t)
	}
	return err
}

// asIntroducer asks the API server as the holder of what Magnum has signed for that.
func (p *Plugin) asIntroducer(t *target) (_ *apiserver.Client, done func(), err error) {
	return p.apiClient(p.apiServer(t.cluster.APIAddress), []*x509.Certificate{t.issued.ca}, t.introducer)
}

// unbind deletes the role binding of short-lived certificates in a cluster, and says
// whether there was one. That ends what members of its group may do. One that says
// something else, or was not made by this program, is refused.
// Up to five requests to OpenStack and two to the API server.
func (p *Plugin) unbind(ctx context.Context, name string) (found bool, err error) {
	conn, err := p.connect(ctx, p.Cloud)
	if err != nil {
		return false, err
	}
	cluster, err := p.readyCluster(ctx, conn.magnum, name, 0)
	if err != nil {
		return false, err
	}
	if err := checkServer(cluster.APIAddress, false); err != nil {
		return false, err
	}
	p.Progress(fmt.Sprintf("deleting the role binding in cluster %q", cluster.Name))
	got, err := p.issue(ctx, conn.magnum, credential.Identity{
		Cluster: cluster.UUID, Project: conn.session.ProjectID, Owner: conn.session.UserID,
		User: conn.session.UserName, Groups: []string{mastersGroup},
	}, p.State.Cluster(cluster.UUID).Pinned)
	if err != nil {
		return false, explain(conn, cluster, err)
	}
	if pinned := p.State.Cluster(cluster.UUID).Pinned; got.fetched && len(pinned) > 0 {
		return false, &RotatedError{Pinned: pki.Fingerprint(pinned[0]), Now: pki.Fingerprint(got.ca)}
	}
	client, done, err := p.apiClient(p.apiServer(cluster.APIAddress), []*x509.Certificate{got.ca}, got.record)
	if err != nil {
		return false, err
	}
	defer done()
	there, found, err := client.FindBinding(ctx, ClusterAdmins)
	switch {
	case err != nil || !found:
		return false, err
	case !there.Gives(adminRole, ClusterAdmins), there.Labels[managedBy] != managedByUs:
		return false, &BindingTakenError{Name: ClusterAdmins}
	}
	return true, client.DeleteBinding(ctx, there)
}

// hasShortLived says whether this machine has, or had, short-lived certificates of a
// cluster.
func (p *Plugin) hasShortLived(uuid string) bool {
	_, all := p.State.Credentials(uuid)
	for _, c := range all {
		if c.ShortLived > 0 {
			return true
		}
	}
	return false
}
