// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/apiserver"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

const shortLivedFlag = "short-lived"

// addShortLivedFlag adds the flag for certificates that the cluster signs.
func addShortLivedFlag(fs *pflag.FlagSet, life *time.Duration) {
	fs.DurationVar(life, shortLivedFlag, 0, "have the cluster itself sign certificates, that live for `so long`: 10m to 24h, 1h is a good choice")
}

func checkShortLived(fs *pflag.FlagSet, life time.Duration) error {
	switch {
	case !fs.Changed(shortLivedFlag):
		return nil
	case life < plugin.ShortLivedMin || life > plugin.ShortLivedMax:
		return usagef("--short-lived is %s; it is from %s to %s", formatAge(life), formatAge(plugin.ShortLivedMin), formatAge(plugin.ShortLivedMax))
	case life%time.Second != 0:
		return usagef("--short-lived is %s; it is in whole seconds", life)
	}
	return nil
}

// shortLivedGroups checks the flags about short-lived certificates, and has them for
// a group of their own by default.
func (o *configOptions) shortLivedGroups(fs *pflag.FlagSet) error {
	if err := checkShortLived(fs, o.shortLived); err != nil {
		return err
	}
	switch {
	case o.yes && o.shortLived == 0:
		return usagef("--yes goes with --short-lived: nothing else is asked")
	case o.shortLived > 0 && !fs.Changed("group"):
		o.groups = []string{plugin.ClusterAdmins}
	}
	return nil
}

// confirmBinding shows the role binding that short-lived certificates need, and
// asks, unless that has been answered.
func (p *program) confirmBinding(plan plugin.BindingPlan, yes bool) error {
	fmt.Fprintln(p.streams.ErrOut, escape(fmt.Sprintf("In cluster %q the group %s will get all rights: ClusterRoleBinding %q to ClusterRole %q, labelled app.kubernetes.io/managed-by: kubectl-magnum.",
		plan.Cluster, plan.Group, plan.Name, plan.Role)))
	if yes {
		return nil
	}
	if !p.inTerminal || !p.errTerminal {
		return usagef("there is no terminal to ask on: --yes makes the role binding in cluster %q without asking", plan.Cluster)
	}
	return p.askYes("Make it? Type yes: ")
}

// shortLivedKept tells of a certificate that the cluster has signed.
func shortLivedKept(c plugin.Configured, maxAge time.Duration) string {
	where := "Its key is kept nowhere, so each call has another one signed."
	if c.StoreErr == nil && c.Store != "" {
		where = fmt.Sprintf("Its key is in the %s and in no file.", c.Store)
	}
	again := "Magnum's word is needed for each new one."
	if c.RenewsItself {
		again = fmt.Sprintf("It renews itself while it is used; after %s Magnum's word is needed again.", formatAge(maxAge))
	}
	return fmt.Sprintf("%s The cluster signed its certificate, for %q in %s, valid until %s. %s",
		where, c.User, joined(c.Groups), c.NotAfter.UTC().Format(time.RFC3339), again)
}

// adviseShortLived is about what clusters answer that should sign.
func adviseShortLived(err error) []string {
	var unsigned *apiserver.UnsignedError
	var declined *apiserver.DeclinedError
	var refused *plugin.RefusedError
	var status *apiserver.StatusError
	var taken *plugin.BindingTakenError
	var unreachable *apiserver.UnreachableError
	switch {
	case errors.As(err, &unsigned):
		return []string{hintCAKey}
	case errors.As(err, &declined):
		return []string{hintDeclined}
	case errors.As(err, &taken):
		return []string{fill(hintBinding, "name", taken.Name)}
	case errors.As(err, &refused) && refused.ByClock():
		return []string{hintClock}
	case errors.As(err, &refused) && refused.ByCluster && (errors.Is(err, credential.ErrTooLong) || errors.Is(err, pki.ErrOtherCA)):
		return []string{hintSigner}
	case errors.As(err, &status) && status.Passes():
		return []string{hintAgain}
	case errors.As(err, &status), errors.Is(err, apiserver.ErrNotKubernetes):
		return []string{hintSigner}
	case errors.As(err, &unreachable):
		return []string{fill(hintUnreachable, "url", unreachable.Server)}
	}
	return nil
}
