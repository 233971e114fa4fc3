// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
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
	hintPassword     = "check user, password, project and domains: openstack <cloud>token issue"
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
	hintClock        = "set this machine's clock; it must agree with Magnum's to the minute"
	hintNotBelieved  = "don't use this cluster before your cloud's operator has explained it"
	hintAgain        = "try again"
	hintCompare      = "compare what Magnum, the API server and kubectl have: kubectl magnum status <cluster>"
	hintRetired      = "the API server has to be given the new CA, by your cloud's operator; what it presents now is not trusted any more"
	hintInProgress   = "wait for the API server; see how far it is: kubectl magnum status <cluster>"
	hintInsecure     = "reach Keystone and Magnum by https, without verify: false; or decide to believe them: <config>"
	hintDriver       = "make a new cluster and move there; if you know that its driver rotates: kubectl magnum ca-rotate <cluster> --assume-driver-rotates <cluster>"
	hintResume       = "run it again after some minutes: it first looks where things stand"
	hintForeign      = "look where that CA is from; config writes the one that Magnum names: <config>"
	hintIdentity     = "set up the login as it was, or make the context anew: <config>"
	hintKubectl      = "kubectl runs this by itself: kubectl get namespaces"
	hintState        = "set XDG_STATE_HOME and XDG_DATA_HOME to directories of your own that can be written"
	hintSlow         = "the cloud took too long: try again"
)

// hints is the advice for err, at most two lines.
func hints(err error) []string {
	for _, advise := range []func(error) []string{
		adviseContext, adviseCARotate, adviseConfig, adviseLogin, adviseTransport, adviseCluster, adviseOwner,
		adviseKubeconfig, adviseRequest, adviseRotation, adviseTrust, adviseUse,
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

// adviseContext is for errors that people meet while they run kubectl.
func adviseContext(err error) []string {
	var at *contextError
	if !errors.As(err, &at) {
		return nil
	}
	var insecure *plugin.InsecureRotationError
	var foreign *plugin.ForeignCAError
	var identity *plugin.OtherIdentityError
	var cloud *openstack.OtherCloudError
	var noCloud *openstack.NoCloudError
	var notFound *openstack.CloudNotFoundError
	var config *openstack.ConfigError
	switch {
	case errors.As(err, &insecure):
		return []string{tell(hintInsecure, "config", at.config)}
	case errors.As(err, &foreign) && !foreign.Repaired:
		return []string{tell(hintForeign, "config", at.config)}
	case errors.As(err, &identity), errors.As(err, &cloud), errors.As(err, &noCloud), errors.As(err, &notFound), errors.As(err, &config):
		return []string{tell(hintIdentity, "config", at.config)}
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

func adviseConfig(err error) []string {
	var noCloud *openstack.NoCloudError
	var notFound *openstack.CloudNotFoundError
	var config *openstack.ConfigError
	var authType *openstack.UnsupportedAuthError
	var project *plugin.NoProjectError
	switch {
	case errors.As(err, &project):
		return []string{hintProject}
	case errors.As(err, &noCloud):
		return []string{hintNoCloud}
	case errors.As(err, &notFound) && len(notFound.Have) > 0:
		return []string{tell(hintCloudNames, "names", strings.Join(notFound.Have, ", "))}
	case errors.As(err, &config) && config.File != "":
		return []string{fill(hintCloudFile, "file", config.File, "cloud", "NAME")}
	case errors.As(err, &config):
		return []string{hintEnvironment}
	case errors.As(err, &authType):
		return []string{hintAuthType}
	}
	return nil
}

func adviseLogin(err error) []string {
	var auth *openstack.AuthError
	if !errors.As(err, &auth) {
		return nil
	}
	switch {
	case auth.Method == "":
		return []string{hintToken, hintTokenRefused}
	case auth.Method == "token":
		return []string{hintToken}
	case auth.Method == "application_credential":
		return []string{hintAppCred}
	case auth.Cloud == "":
		return []string{tell(hintPassword, "cloud", "")}
	}
	return []string{tell(hintPassword, "cloud", "--os-cloud "+quoteArg(auth.Cloud)+" ")}
}

func adviseTransport(err error) []string {
	var unreachable *openstack.UnreachableError
	var service *openstack.ServiceError
	var bad *openstack.BadAnswerError
	var endpoint *openstack.NoEndpointError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unreachable) && errors.Is(err, context.DeadlineExceeded):
		return []string{hintSlow}
	case errors.As(err, &unreachable) && errors.As(err, &authority):
		return []string{hintUntrusted}
	case errors.As(err, &unreachable):
		return []string{fill(hintUnreachable, "url", unreachable.URL)}
	case errors.As(err, &service) && service.RetryAfter > 0:
		return []string{tell(hintRetryAfter, "time", service.RetryAfter.Round(time.Second).String())}
	case errors.As(err, &service) && service.Code >= 500 && service.RequestID != "":
		return []string{tell(hintServer, "id", service.RequestID)}
	case errors.As(err, &bad):
		return []string{hintBadAnswer}
	case errors.As(err, &endpoint):
		return []string{hintNoEndpoint}
	}
	return nil
}

func adviseCluster(err error) []string {
	var notFound *magnum.NotFoundError
	var ambiguous *magnum.AmbiguousError
	var none *magnum.NoCertificatesError
	var notReady *plugin.NotReadyError
	var project *plugin.OtherProjectError
	switch {
	case errors.As(err, &notFound):
		return []string{hintNotFound}
	case errors.As(err, &project):
		return []string{hintScope}
	case errors.As(err, &ambiguous):
		return []string{hintAmbiguous}
	case errors.As(err, &none) && none.Type != magnum.Kubernetes:
		return []string{hintOtherCAs}
	case errors.As(err, &none):
		return []string{hintCreation}
	case errors.As(err, &notReady) && notReady.Waitable():
		return []string{fill(hintWait, "cluster", clusterOf(err))}
	case errors.As(err, &notReady):
		return []string{fill(hintStatus, "cluster", clusterOf(err))}
	}
	return nil
}

func adviseOwner(err error) []string {
	var owner *plugin.NotOwnerError
	var forbidden *magnum.ForbiddenError
	switch {
	case errors.As(err, &owner) && owner.Owner != owner.Caller:
		return []string{tell(hintOwner, "owner", owner.Owner), hintPolicy}
	case errors.As(err, &forbidden):
		return []string{hintPolicy}
	}
	return nil
}

func adviseKubeconfig(err error) []string {
	var taken *kubeconfig.TakenError
	var locked *kubeconfig.LockedError
	var exists *kubeconfig.ExistsError
	var invalid *kubeconfig.InvalidError
	switch {
	case errors.As(err, &taken):
		return []string{fill(hintContext, "kind", taken.Kind, "name", taken.Name)}
	case errors.As(err, &locked):
		return []string{fill(hintLocked, "file", locked.LockFile)}
	case errors.As(err, &exists):
		return []string{hintExists}
	case errors.Is(err, kubeconfig.ErrNoFile):
		return []string{hintHome}
	case errors.As(err, &invalid):
		return []string{fill(hintKubeconfig, "file", invalid.File)}
	}
	return nil
}

// adviseCARotate comes before what such an error is wrapped around: "try again"
// is no advice for a rotation.
func adviseCARotate(err error) []string {
	var driver *plugin.DriverCannotRotateError
	var status *plugin.NotRotatableStatusError
	var failed *plugin.RotationFailedError
	var unproved *plugin.NotProvedError
	var unknown *plugin.RotationUnknownError
	var interrupted *plugin.RotateInterruptedError
	var goesOn *plugin.RotationGoesOnError
	switch {
	case errors.As(err, &driver):
		return []string{fill(hintDriver, "cluster", clusterOf(err))}
	case errors.As(err, &status), errors.As(err, &failed), errors.As(err, &unproved):
		return []string{fill(hintCompare, "cluster", clusterOf(err))}
	case errors.As(err, &unknown), errors.As(err, &interrupted), errors.As(err, &goesOn):
		return []string{hintResume}
	}
	return nil
}

func adviseRotation(err error) []string {
	var untrusted *plugin.UntrustedServerError
	var rejected *plugin.RejectedError
	var inProgress *plugin.InProgressError
	var rotated *plugin.RotatedError
	switch {
	case errors.As(err, &untrusted) && untrusted.Retired:
		return []string{hintRetired}
	case errors.As(err, &untrusted), errors.As(err, &rejected):
		return []string{fill(hintCompare, "cluster", clusterOf(err))}
	case errors.As(err, &inProgress):
		return []string{fill(hintInProgress, "cluster", clusterOf(err))}
	case errors.As(err, &rotated):
		return []string{hintAgain}
	}
	return nil
}

func adviseRequest(err error) []string {
	var at *csrError
	var extension *pki.ExtensionError
	if !errors.As(err, &at) {
		return nil
	}
	switch {
	case errors.Is(err, pki.ErrKeyID), errors.As(err, &extension):
		return []string{hintExtension}
	case at.file == "-":
		return nil
	case errors.Is(err, pki.ErrNotRequest), errors.Is(err, pki.ErrNotASCII), errors.Is(err, pki.ErrOtherSigner):
		return []string{fill(hintRequest, "file", at.file)}
	}
	return nil
}

func adviseTrust(err error) []string {
	var refused *plugin.RefusedError
	var held *plugin.HeldError
	switch {
	case errors.As(err, &refused) && (errors.Is(err, pki.ErrExpired) || errors.Is(err, pki.ErrNotYetValid)), errors.As(err, &held):
		return []string{hintClock}
	case errors.As(err, &refused):
		return []string{hintNotBelieved}
	}
	return nil
}

func adviseUse(err error) []string {
	var name *plugin.NameError
	var state *plugin.StateError
	switch {
	case errors.As(err, &name) && name.Flag == "--user":
		return []string{hintUser}
	case errors.As(err, &name):
		return []string{hintGroup}
	case errors.Is(err, credential.ErrNoExecInfo), errors.Is(err, errTerminal):
		return []string{hintKubectl}
	case errors.As(err, &state):
		return []string{hintState}
	}
	return nil
}

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
