// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// All advice is in this file. Each text is something to paste or to check,
// and stands in the README's troubleshooting in the same words; what is in
// angle brackets is filled in.
const (
	hintNoCloud      = "name a cloud of your clouds.yaml with --os-cloud or OS_CLOUD, or source your cloud's openrc file"
	hintCloudNames   = "name one of them with --os-cloud: <names>"
	hintCloudFile    = "correct <file>; openstack --os-cloud <cloud> token issue shows whether it works"
	hintEnvironment  = "complete the OS_* variables; openstack token issue shows whether they work"
	hintProject      = "name one with project_name in clouds.yaml, or with OS_PROJECT_NAME"
	hintAuthType     = "make an application credential (openstack application credential create kubectl) and put it into clouds.yaml"
	hintSetCommand   = "have another program log in: kubectl magnum login --os-cloud <cloud> --token-command 'openstack token issue -f value -c id'"
	hintCommandFails = "in a terminal this shows why, or sets another: kubectl magnum login --os-cloud <cloud> --token-command 'openstack token issue -f value -c id'"
	hintNewCommand   = "it has to work without a terminal, and with no variables but those that the README lists (Logging in with another program)"
	hintDestination  = "if that is right, set it anew: kubectl magnum login --os-cloud <cloud> --token-command 'openstack token issue -f value -c id'"
	hintUnverified   = "reach Keystone and Magnum by https, without verify: false"
	hintNamedCloud   = "name one with --os-cloud or OS_CLOUD"
	hintUnsafe       = "see whose it is and who may write to it: ls -ld <file>"
	hintSettings     = "correct <file>, or remove it and set each token command anew"
	hintAccount      = "give the user an entry with a home directory; this shows it: getent passwd <uid>"
	hintPassword     = "check user, password, project and domains: openstack <cloud>token issue"
	hintPasscode     = "a passcode is good for half a minute: set OS_PASSCODE anew; for every day: kubectl magnum login"
	hintLogin        = "log in again: kubectl magnum login<cloud>"
	hintCAs          = "unset it; if it is right, log in with it: kubectl magnum login<cloud>"
	hintKeptFirst    = "to end it: kubectl magnum logout --login<cloud>"
	hintFullLogin    = "for this a full login is needed: a password in clouds.yaml, or OS_PASSWORD"
	hintAsked        = "run it in a terminal, where it is asked for, or put it into clouds.yaml or the OS_* variables"
	hintDelegate     = "log in with a password: an application credential or a trust cannot make another application credential"
	hintRules        = "ask your cloud's operator to set service_type = container-infra in section keystone_authtoken of Magnum's configuration"
	hintNoKeyring    = "start a keyring in this session, such as gnome-keyring, or put an application credential into clouds.yaml"
	hintRevoke       = "to revoke it: openstack <cloud>application credential delete <id>"
	hintAppCred      = "check whether it is still there, and its secret: openstack application credential list"
	hintToken        = "the token has expired or was revoked: get a new one with openstack token issue"
	hintTokenRefused = "an application credential's access rules must allow to read clusters, templates and certificates, and to sign"
	hintUnreachable  = "check whether it answers from here: curl -sS <url>"
	hintUntrusted    = "if its CA is your cloud's own, name the CA's file with cacert in clouds.yaml or with --os-cacert"
	hintBadAnswer    = "something else answers there: check auth_url in clouds.yaml and the catalog: openstack catalog show container-infra"
	hintNoEndpoint   = "name a region that has Magnum with --os-region-name"
	hintRetryAfter   = "try again in <time>"
	hintServer       = "try again; if it lasts, give your cloud's operator the request id <id>"
	hintNotFound     = "list the clusters of this project: openstack coe cluster list"
	hintScope        = "log in for that project: with a cloud of it in clouds.yaml, or OS_PROJECT_ID"
	hintAmbiguous    = "name the one you mean by its UUID"
	hintWait         = "wait for it: kubectl magnum config <cluster> --wait"
	hintStatus       = "see what happened to it: openstack coe cluster show <cluster>"
	hintCreation     = "its creation failed before it had certificates: delete it and make it anew"
	hintOtherCAs     = "clusters made before Magnum 13 have a CA of type kubernetes only"
	hintRequest      = "see what it holds: openssl req -in <file> -noout -text -verify"
	hintExtension    = "make it anew without that extension; with OpenSSL, see req_extensions in its configuration"
	hintOwner        = "ask user <owner> for an application credential that may only read clusters and sign (README, Sharing a cluster)"
	hintPolicy       = "ask your cloud's operator to allow certificate:get and certificate:create to the project's members"
	hintUser         = "choose another with --user"
	hintGroup        = "choose another with --group"
	hintContext      = "choose another name with --context, or remove it: kubectl config delete-<kind> <name>"
	hintLocked       = "if no other program is writing it, delete <file>"
	hintExists       = "write over it with --force, or choose another directory with --dir"
	hintHome         = "set HOME, or name a file with --kubeconfig or KUBECONFIG"
	hintKubeconfig   = "see what kubectl makes of it: kubectl config view --kubeconfig <file>"
	hintClock        = "set this machine's clock; it must agree with Magnum's, and with the cluster's, to the minute"
	hintNotBelieved  = "don't use this cluster before your cloud's operator has explained it"
	hintAgain        = "try again"
	hintCompare      = "compare what Magnum, the API server and kubectl have: kubectl magnum status <cluster>"
	hintRetired      = "the API server has to be given the new CA, by your cloud's operator; what it presents now is not trusted any more"
	hintInProgress   = "wait for the API server; see how far it is: kubectl magnum status <cluster>"
	hintInsecure     = "reach Keystone and Magnum by https, without verify: false; or forget the pinned CA, if you believe them: rm <file>"
	hintDriver       = "make a new cluster and move there; if you know that its driver rotates: kubectl magnum ca-rotate <cluster> --assume-driver-rotates <cluster>"
	hintResume       = "run it again after some minutes: it first looks where things stand"
	hintWebhook      = "have a webhook for Keystone set up in its API server (k8s-keystone-auth), or use certificates: kubectl magnum config <cluster>"
	hintMoved        = "unset XDG_STATE_HOME and XDG_DATA_HOME, and leave HOME (on Windows LOCALAPPDATA) as the account has it"
	hintOptIn        = "if the operator of that cluster may have tokens of yours, make the context here: <config>"
	hintSafeEntry    = "make the context anew and leave its cluster as it is: <config>"
	hintOutdated     = "run the command again or, if that does not help, make the context anew: <config>"
	hintForeign      = "look where that CA is from; config writes the one that Magnum names: <config>"
	hintIdentity     = "set up the login as it was, or make the context anew: <config>"
	hintKubectl      = "kubectl runs this by itself: kubectl get namespaces"
	hintState        = "set XDG_STATE_HOME and XDG_DATA_HOME to directories of your own that can be written"
	hintUnlock       = "unlock the keyring, by logging in to the desktop or, on macOS, with security unlock-keychain"
	hintHung         = "restart the keyring's program and run kubectl magnum status: until then it is left alone for five minutes at a time"
	hintFull         = "see what fills it: cat /proc/keys"
	hintTooBig       = "make the context anew with fewer or shorter groups: --group"
	hintLater        = "install the later version, or erase what it keeps: kubectl magnum logout --all"
	hintContainer    = "the kernel keyring belongs to all containers of this user; if they may share keys: KUBECTL_MAGNUM_CACHE=kernel"
	hintNoStore      = "start a keyring in this session, such as gnome-keyring; to do without one: KUBECTL_MAGNUM_CACHE=none"
	hintUnknownHere  = "name it by its UUID, or erase everything: kubectl magnum logout --all"
	hintKnownHere    = "name one that is known here, or its UUID: <names>"
	hintInUse        = "remove that context first: kubectl config delete-context <name>"
	hintTerminal     = "run it in a terminal, where the keyring can ask you"
	hintPlaced       = "see whose it is, and who may write there: ls -ld <path>"
	hintOtherNode    = "if the node has moved to another cluster, move away what it had: cd <dir> && mkdir old && mv pki *.conf old"
	hintNotRenewed   = "run it with --renew on every node first; once all are done, with --finish"
	hintTooEarly     = "run it on every other node first; then, with --renew, here"
	hintSAKey        = "name the private key that all control planes of the cluster share: --sa-key FILE"
	hintOtherSAKey   = "to give all control planes another, which ends every token of a service account: mv <key> <key>.old, then --sa-key FILE"
	hintMend         = "have it mended: run the same without --check; after a rotation also with --renew, and in the end with --finish"
	hintCAEnds       = "have Magnum make a new CA, if its driver can: kubectl magnum ca-rotate <cluster>"
	hintCAKey        = "its controller manager lacks the CA's key: with Magnum's Heat driver the label cert_manager_api=true gives it to new clusters; else leave out --short-lived"
	hintSigner       = "certificates of minutes take Kubernetes 1.22 or later, with its own signer and the cluster's CA; else leave out --short-lived"
	hintDeclined     = "see who decides on such requests in this cluster: kubectl get validatingwebhookconfigurations; or leave out --short-lived"
	hintBinding      = "see what it is: kubectl get clusterrolebinding <name> -o yaml; or choose a group that is bound already with --group"
	hintSlow         = "the cloud took too long: try again"
)

// hints is the advice for err, at most two lines.
func hints(err error) []string {
	for _, advise := range []func(error) []string{
		adviseKept, adviseContext, adviseShortLived, adviseCARotate, adviseTokenCommand, adviseSettings, adviseConfig, adviseLogin, adviseTransport, adviseCluster, adviseOwner,
		adviseKubeconfig, adviseRequest, adviseRotation, adviseTrust, adviseLogout, adviseNode, adviseUse,
	} {
		if lines := advise(err); len(lines) > 0 {
			return lines
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return []string{hintSlow}
	}
	return nil
}

// fill puts words into a hint: fill(h, "file", path) replaces <file>. Hints
// are pasted into shells, and words come from the network and from files.
func fill(hint string, pairs ...string) string {
	for i := 0; i+1 < len(pairs); i += 2 {
		hint = tell(hint, pairs[i], quoteArg(pairs[i+1]))
	}
	return hint
}

// tell puts text as it is into a hint that is to be read, not pasted.
func tell(hint, name, text string) string { return strings.ReplaceAll(hint, "<"+name+">", text) }

// clusterOf is the name of the cluster that err is about, as the user gave it.
func clusterOf(err error) string {
	var cluster *plugin.ClusterError
	if errors.As(err, &cluster) {
		return cluster.Cluster
	}
	return "CLUSTER"
}

// quoteArg makes s safe to paste as one shell word.
func quoteArg(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@%+,=") == "" {
		return s
	}
	return fmt.Sprintf("'%s'", strings.ReplaceAll(s, "'", `'\''`))
}
