// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// adviseKept is for errors of login, and of logins that it kept. It comes before
// what they are wrapped around.
func adviseKept(err error) []string {
	var left *plugin.LeftError
	var rules *plugin.RulesRefusedError
	var delegate *plugin.MayNotDelegateError
	var unasked *noTerminalError
	var kept *plugin.KeptLoginError
	var store *plugin.LoginStoreError
	switch {
	case errors.As(err, &left):
		return []string{revokeHint(left)}
	case errors.As(err, &rules):
		return []string{hintRules}
	case errors.As(err, &delegate):
		return []string{hintDelegate}
	case errors.As(err, &unasked):
		return []string{hintAsked}
	case errors.As(err, &kept) && kept.Limited:
		return []string{hintFullLogin}
	case errors.As(err, &kept), errors.As(err, &store):
		return adviseKeyring(err, kept)
	}
	return nil
}

// adviseKeyring is about a keyring that does not give or take a secret; with kept
// one that a login was in.
func adviseKeyring(err error, kept *plugin.KeptLoginError) []string {
	switch {
	case errors.Is(err, cache.ErrLocked):
		return []string{hintUnlock}
	case errors.Is(err, cache.ErrTimeout), errors.Is(err, cache.ErrHung):
		return []string{hintHung}
	case kept != nil:
		return []string{loginHint(kept.Cloud)}
	}
	return []string{hintNoKeyring}
}

// loginHint is the command that logs in to a cloud, "" for OS_* variables.
func loginHint(cloud string) string {
	if cloud != "" {
		cloud = " --os-cloud " + quoteArg(cloud)
	}
	return tell(hintLogin, "cloud", cloud)
}

// revokeHint is the command that revokes what is left.
func revokeHint(left *plugin.LeftError) string {
	cloud := ""
	if left.Cloud != "" {
		cloud = "--os-cloud " + quoteArg(left.Cloud) + " "
	}
	return fill(tell(hintRevoke, "cloud", cloud), "id", left.ID)
}
