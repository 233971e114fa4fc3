// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const removeHelp = `Remove what this machine has of a cluster: its contexts, the keys and tokens for
it in every store, its CA file, and what is remembered of it. The cluster itself
stays as it is, and may be deleted already: nobody is asked, but with
--role-binding. kubectl magnum config makes a context again.

Entries that were not made by this program stay as they are. While another
kubeconfig refers to the cluster its CA file stays, and you are told which.

A certificate that Magnum has signed stays good until its end, for whoever may
have copied its key: only ca-rotate ends it before. So does a token of Keystone's.`

// removeOptions are the flags of remove.
type removeOptions struct {
	cloud       openstack.Options
	cluster     oneCluster
	kubeconfig  string
	dryRun      bool
	roleBinding bool
}

func newRemoveCommand(p *program) *cobra.Command {
	o := &removeOptions{}
	cmd := &cobra.Command{
		Use:   "remove [CLUSTER]",
		Short: "Remove a cluster's contexts, keys and CA file from this machine",
		Long:  removeHelp,
		Example: `  kubectl magnum remove prod --dry-run
  kubectl magnum remove prod`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	fs := cmd.Flags()
	addLoginFlags(fs, &o.cloud)
	o.cluster.addFlag(fs)
	fs.BoolVar(&o.roleBinding, "role-binding", false, "delete the role binding of short-lived certificates in the cluster too, which ends those of everybody")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` to remove it from, instead of KUBECONFIG or ~/.kube/config")
	fs.BoolVar(&o.dryRun, "dry-run", false, "print what would be removed; change nothing")
	return cmd
}

func (o *removeOptions) run(cmd *cobra.Command, p *program, args []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	name, err := o.cluster.name(cmd, args)
	if err != nil {
		return err
	}
	request := plugin.RemoveRequest{
		Cluster: name, DryRun: o.dryRun, RoleBinding: o.roleBinding, Logout: logoutRequest(p),
		Paths: kubeconfig.Paths{Explicit: o.kubeconfig, Env: p.getenv("KUBECONFIG"), Home: p.home},
	}
	var result *plugin.RemoveResult
	err = p.useCase(cmd.Context(), o.cloud, cacheOptions{choice: "none"}, func(pl *plugin.Plugin, _ *progress) (err error) {
		result, err = pl.Remove(cmd.Context(), request)
		return err
	})
	var incomplete *plugin.NotRemovedError
	var ambiguous *magnum.AmbiguousError
	switch {
	case errors.As(err, &incomplete):
		result = incomplete.Result
	case errors.As(err, &ambiguous):
		return &usageError{err}
	case err != nil:
		return err
	}
	for _, line := range append(removeLines(result, o.dryRun), o.bindingLines(result)...) {
		fmt.Fprintln(p.streams.Out, escape(line))
	}
	return err
}

// removeLines tells of the kubeconfig, of each store and of what is remembered.
func removeLines(r *plugin.RemoveResult, dryRun bool) []string {
	lines := entryLines(r, dryRun)
	for _, s := range r.Stores {
		lines = append(lines, logoutLine(s, r.Name))
	}
	if dryRun {
		lines = append(lines, fmt.Sprintf("Each key and token for cluster %q would be erased, from every store.", r.Name))
	}
	for _, left := range r.Left {
		line := left.File + " refers to the cluster, too"
		if left.Ours {
			line += "; to remove it there: kubectl magnum remove " + r.UUID + " --kubeconfig " + quoteArg(left.File)
		}
		lines = append(lines, line+".")
	}
	becomes := "stay until the rest is removed; the same command tries again"
	switch {
	case len(r.Left) > 0:
		becomes = "stay as long as that is so"
	case dryRun:
		becomes = "would be removed"
	case r.Forgotten:
		becomes = "are removed"
	}
	return append(lines, fmt.Sprintf("The CA file of cluster %q, and what is remembered of it, %s.", r.Name, becomes))
}

// bindingLines tells of the role binding in the cluster, which others may use.
func (o *removeOptions) bindingLines(r *plugin.RemoveResult) []string {
	const name = plugin.ClusterAdmins
	switch {
	case r.RoleBinding:
		return []string{fmt.Sprintf("The role binding %q is deleted in cluster %q: what was signed for that group may do nothing there any more.", name, r.Name)}
	case o.roleBinding && o.dryRun:
		return []string{fmt.Sprintf("The role binding %q would be deleted in cluster %q, if it is there.", name, r.Name)}
	case o.roleBinding:
		return []string{fmt.Sprintf("Cluster %q has no role binding %q.", r.Name, name)}
	case r.ShortLived:
		return []string{fmt.Sprintf("The role binding %q stays in cluster %q, as others may use it; to delete it: kubectl magnum remove %s --role-binding", name, r.Name, r.UUID)}
	}
	return nil
}

// entryLines tells of each context, and of files that had other entries alone.
func entryLines(r *plugin.RemoveResult, dryRun bool) []string {
	if len(r.Changes) == 0 {
		return []string{fmt.Sprintf("The kubeconfig has no entry of cluster %q.", r.Name)}
	}
	removed := " removed from "
	if dryRun {
		removed = " would be removed from "
	}
	var lines []string
	told := map[string]bool{} // of which files
	for _, c := range r.Changes {
		var line string
		switch {
		case c.Kind == kubeconfig.KindContext:
			line = fmt.Sprintf("Context %q%s%s.", c.Name, removed, c.File)
		case c.Kind == kubeconfig.KindCurrentContext && c.Name == "":
			line = fmt.Sprintf("With %q goes the current context: kubectl config use-context NAME chooses another.", c.Was)
		case c.Kind == kubeconfig.KindCurrentContext:
			line = fmt.Sprintf("With %q goes the current context: from then on it is %q.", c.Was, c.Name)
		case told[c.File]:
			continue
		default:
			line = fmt.Sprintf("Entries of cluster %q%s%s.", r.Name, removed, c.File)
		}
		told[c.File] = true
		lines = append(lines, line)
	}
	return lines
}
