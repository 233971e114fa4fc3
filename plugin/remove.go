// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// RemoveRequest says which cluster is to be removed from this machine.
type RemoveRequest struct {
	Cluster string // name or UUID
	Paths   kubeconfig.Paths
	Logout  LogoutRequest // where its records may be; its own Cluster is not read
	DryRun  bool          // change nothing, anywhere
	// RoleBinding: the one of short-lived certificates is deleted in the cluster, for
	// all who have such.
	RoleBinding bool
}

// RemoveResult says what was removed, or would be.
type RemoveResult struct {
	Name, UUID string
	Changes    []kubeconfig.Change // removed from the kubeconfig
	// Left are the kubeconfigs that refer to the cluster still: its CA file and what
	// is remembered of it stay for them.
	Left   []kubeconfig.Reference
	Stores []StoreLogout // nil with DryRun
	// ShortLived: the cluster has signed certificates for this machine. RoleBinding:
	// theirs was there, and was deleted.
	ShortLived, RoleBinding bool
	// Forgotten: the CA file and what was remembered are gone. Never with DryRun.
	Forgotten bool
}

// NotRemovedError means that something of a cluster could not be removed. What is
// remembered of it stays, so that the same command can try again.
type NotRemovedError struct {
	Result *RemoveResult // what is gone
	Err    error
}

func (e *NotRemovedError) Error() string { return e.Err.Error() }
func (e *NotRemovedError) Unwrap() error { return e.Err }

// Remove takes away what this machine has of a cluster: its entries in the
// kubeconfig, its records in every store, its CA file and what is remembered of it;
// but not that records are revoked. But for the role binding it asks nobody, so the
// cluster may be deleted already.
//
// Whatever can be refused is refused before anything is changed. What was
// remembered goes last, so that whoever is interrupted can run it again. With a
// UUID it is no error that there is nothing to remove.
func (p *Plugin) Remove(ctx context.Context, r RemoveRequest) (*RemoveResult, error) {
	if err := p.State.CheckOwner(); err != nil {
		return nil, &StateError{Err: err}
	}
	result, err := p.toRemove(r)
	if err != nil {
		return nil, err
	}
	planned, err := r.Paths.PlanRemoval(p.removal(result.UUID))
	if err != nil {
		return nil, err
	}
	result.Changes, result.Left, result.ShortLived = planned.Changes, planned.Left, p.hasShortLived(result.UUID)
	if r.DryRun {
		return result, nil
	}
	if r.RoleBinding {
		if result.RoleBinding, err = p.unbind(ctx, result.UUID); err != nil {
			return nil, &ClusterError{Cluster: result.Name, Err: err}
		}
	}
	if err := p.removeEntries(ctx, r.Paths, result); err != nil {
		return nil, err
	}
	r.Logout.Cluster = result.UUID
	if result.Stores, err = p.Logout(ctx, r.Logout); err != nil {
		return nil, &NotRemovedError{Result: result, Err: err}
	}
	if err := p.forgetCluster(ctx, result); err != nil {
		return nil, &NotRemovedError{Result: result, Err: fmt.Errorf("forget cluster %q: %w", result.Name, err)}
	}
	return result, nil
}

// toRemove finds the cluster that is meant among those that are remembered here
// or that the kubeconfig has entries of ours for. Of several it takes none, with a
// *magnum.AmbiguousError.
func (p *Plugin) toRemove(r RemoveRequest) (*RemoveResult, error) {
	all, err := r.Paths.Clusters()
	if err != nil {
		return nil, err
	}
	for _, uuid := range p.State.Clusters() {
		all = append(all, kubeconfig.Cluster{UUID: uuid, Name: p.State.Cluster(uuid).Name})
	}
	name := r.Cluster
	var meant, known []string
	for _, c := range all {
		switch {
		case !state.ValidUUID(c.UUID):
			continue
		case c.UUID == r.Cluster:
			name = cmp.Or(c.Name, name)
			meant = []string{c.UUID}
		case c.Name == r.Cluster && !slices.Contains(meant, c.UUID):
			meant = append(meant, c.UUID)
		}
		if named := cmp.Or(c.Name, c.UUID); !slices.Contains(known, named) {
			known = append(known, named)
		}
	}
	switch {
	case len(meant) == 1:
		return &RemoveResult{Name: name, UUID: meant[0]}, nil
	case state.ValidUUID(r.Cluster):
		return &RemoveResult{Name: name, UUID: r.Cluster}, nil
	case meant == nil:
		slices.Sort(known)
		return nil, &UnknownHereError{Cluster: r.Cluster, Known: known}
	}
	slices.Sort(meant)
	return nil, &magnum.AmbiguousError{Name: r.Cluster, UUIDs: meant}
}

// removal is what of a cluster is in kubeconfigs, and in which of them it may be.
func (p *Plugin) removal(uuid string) kubeconfig.Removal {
	r := kubeconfig.Removal{ClusterUUID: uuid}
	if p.State.HasCAFile(uuid) {
		r.CAFile = p.State.CAFile(uuid)
	}
	for _, k := range p.State.Kubeconfigs(uuid) {
		r.Others = append(r.Others, k.File)
	}
	return r
}

// removeEntries takes the cluster out of the kubeconfig.
func (p *Plugin) removeEntries(ctx context.Context, paths kubeconfig.Paths, result *RemoveResult) error {
	writing, cancel := context.WithTimeout(ctx, mergeWait)
	defer cancel()
	removed, err := paths.Remove(writing, p.removal(result.UUID), p.Owner)
	if err != nil {
		return err
	}
	result.Changes, result.Left = removed.Changes, removed.Left
	return nil
}

// forgetCluster removes the CA file and what is remembered of the cluster, if no
// kubeconfig needs them.
func (p *Plugin) forgetCluster(ctx context.Context, result *RemoveResult) error {
	if len(result.Left) > 0 {
		return nil
	}
	defer p.lockCluster(ctx, result.UUID, clusterWait)()
	err := p.State.ForgetCluster(result.UUID)
	result.Forgotten = err == nil
	return err
}
