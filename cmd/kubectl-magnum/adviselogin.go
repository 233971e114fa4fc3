// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
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
	var destination *openstack.DestinationError
	switch {
	case errors.As(err, &destination) && destination.Kept:
		return []string{loginHint(hintCAs, destination.Cloud)}
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
		return []string{loginHint(hintLogin, kept.Cloud)}
	}
	return []string{hintNoKeyring}
}

// loginHint is the hint with the command that logs in to a cloud, "" for OS_* variables.
func loginHint(hint, cloud string) string {
	if cloud != "" {
		cloud = " --os-cloud " + quoteArg(cloud)
	}
	return tell(hint, "cloud", cloud)
}

// revokeHint is the command that revokes what is left.
func revokeHint(left *plugin.LeftError) string {
	cloud := ""
	if left.Cloud != "" {
		cloud = "--os-cloud " + quoteArg(left.Cloud) + " "
	}
	return fill(tell(hintRevoke, "cloud", cloud), "id", left.ID)
}

// adviseTokenCommand comes before adviseLogin: what a token command printed is no
// token that the user could get anew.
func adviseTokenCommand(err error) []string {
	var fresh *newCommandError
	var failed *openstack.TokenCommandError
	var refused *openstack.AuthError
	var destination *openstack.DestinationError
	var unverified *openstack.UnverifiedError
	var unnamed *plugin.NoNamedCloudError
	switch {
	case errors.As(err, &fresh):
		return []string{hintNewCommand}
	case errors.As(err, &failed):
		return []string{fill(hintCommandFails, "cloud", failed.Cloud)}
	case errors.As(err, &refused) && refused.Method == "token_command":
		return []string{fill(hintCommandFails, "cloud", refused.Cloud)}
	case errors.As(err, &destination):
		return []string{fill(hintDestination, "cloud", destination.Cloud)}
	case errors.As(err, &unverified):
		return []string{hintUnverified}
	case errors.As(err, &unnamed):
		return []string{hintNamedCloud}
	}
	return nil
}

func adviseSettings(err error) []string {
	var unsafe *settings.UnsafeError
	var invalid *settings.InvalidError
	var account *settings.NoAccountError
	var moved *plugin.MovedStateError
	switch {
	case errors.As(err, &moved):
		return []string{hintMoved}
	case errors.As(err, &unsafe):
		return []string{fill(hintUnsafe, "file", unsafe.Path)}
	case errors.As(err, &invalid):
		return []string{fill(hintSettings, "file", invalid.File)}
	case errors.As(err, &account):
		return []string{fill(hintAccount, "uid", strconv.Itoa(account.UID))}
	}
	return nil
}

func adviseLogin(err error) []string {
	var auth *openstack.AuthError
	var ended *plugin.EndedTokenError
	switch {
	case errors.As(err, &ended) && ended.Given, errors.Is(err, plugin.ErrTokenRevoked):
		return []string{hintToken}
	case errors.As(err, &ended):
		return []string{hintClock}
	}
	if !errors.As(err, &auth) {
		return nil
	}
	switch {
	case auth.Kept:
		return []string{loginHint(hintLogin, auth.Cloud)}
	case auth.Method == "":
		return []string{hintToken, hintTokenRefused}
	case auth.Method == "token":
		return []string{hintToken}
	case auth.Method == "application_credential":
		return []string{hintAppCred}
	case strings.Contains(auth.Method, "totp"):
		return []string{hintPasscode}
	case auth.Cloud == "":
		return []string{tell(hintPassword, "cloud", "")}
	}
	return []string{tell(hintPassword, "cloud", "--os-cloud "+quoteArg(auth.Cloud)+" ")}
}
