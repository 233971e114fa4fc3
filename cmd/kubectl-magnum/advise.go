// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// adviseContext is for errors that people meet while they run kubectl.
func adviseContext(err error) []string {
	var at *contextError
	if !errors.As(err, &at) {
		return nil
	}
	var foreign *plugin.ForeignCAError
	var identity *plugin.OtherIdentityError
	var cloud *openstack.OtherCloudError
	var noCloud *openstack.NoCloudError
	var notFound *openstack.CloudNotFoundError
	var config *openstack.ConfigError
	var insecure *plugin.InsecureClientError
	var unconfigured *plugin.NotConfiguredError
	var outdated *plugin.OutdatedClientError
	var notRemembered *openstack.NotRememberedError
	var noServer *plugin.NoServerError
	switch {
	case errors.As(err, &insecure), errors.As(err, &noServer):
		return []string{tell(hintSafeEntry, "config", at.config)}
	case errors.As(err, &unconfigured):
		return []string{tell(hintOptIn, "config", at.config)}
	case errors.As(err, &outdated):
		return []string{tell(hintOutdated, "config", at.config)}
	case errors.As(err, &notRemembered):
		return []string{tell(hintIdentity, "config", at.config)}
	case errors.As(err, &foreign) && !foreign.Repaired:
		return []string{tell(hintForeign, "config", at.config)}
	case errors.As(err, &identity), errors.As(err, &cloud), errors.As(err, &noCloud), errors.As(err, &notFound), errors.As(err, &config):
		return []string{tell(hintIdentity, "config", at.config)}
	}
	return nil
}

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
	case errors.As(err, &authType) && authType.Cloud != "":
		return []string{fill(hintSetCommand, "cloud", authType.Cloud), hintAuthType}
	case errors.As(err, &authType):
		return []string{hintAuthType}
	}
	return nil
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
	var used *kubeconfig.InUseError
	var taken *kubeconfig.TakenError
	var locked *kubeconfig.LockedError
	var exists *kubeconfig.ExistsError
	var invalid *kubeconfig.InvalidError
	switch {
	case errors.As(err, &used):
		return []string{fill(hintInUse, "name", used.Context)}
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
	var noTokens *plugin.TokenRejectedError
	var insecure *plugin.InsecureRotationError
	switch {
	case errors.As(err, &noTokens):
		return []string{fill(hintWebhook, "cluster", clusterOf(err))}
	case errors.As(err, &insecure) && insecure.File != "":
		return []string{fill(hintInsecure, "file", insecure.File)}
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
	case errors.As(err, &refused) && refused.ByClock(), errors.As(err, &held) && held.Err == nil:
		return []string{hintClock}
	case errors.As(err, &refused):
		return []string{hintNotBelieved}
	}
	return nil
}

func adviseLogout(err error) []string {
	var unknown *plugin.UnknownHereError
	var incomplete *plugin.LogoutError
	switch {
	case errors.As(err, &unknown) && len(unknown.Known) > 0:
		return []string{tell(hintKnownHere, "names", strings.Join(unknown.Known, ", "))}
	case errors.As(err, &unknown):
		return []string{hintUnknownHere}
	case errors.As(err, &incomplete) && errors.Is(err, cache.ErrAsks):
		return []string{hintTerminal}
	case errors.As(err, &incomplete) && errors.Is(err, cache.ErrLocked):
		return []string{hintUnlock}
	case errors.As(err, &incomplete) && errors.Is(err, cache.ErrTimeout):
		return []string{hintHung}
	}
	return nil
}

func adviseNode(err error) []string {
	var placed *nodecert.PlacedError
	var cluster *nodecert.OtherClusterError
	var old *nodecert.NotRenewedError
	var early *nodecert.TooEarlyError
	var shared *nodecert.SharedKeyError
	var problems *problemsError
	switch {
	case errors.As(err, &placed):
		return []string{fill(hintPlaced, "path", placed.Path)}
	case errors.As(err, &cluster):
		return []string{fill(hintOtherNode, "dir", cluster.Dir)}
	case errors.As(err, &old):
		return []string{hintNotRenewed}
	case errors.As(err, &early):
		return []string{hintTooEarly}
	case errors.As(err, &shared) && (errors.Is(err, nodecert.ErrOtherSharedKey) || errors.Is(err, nodecert.ErrSharedKeyExposed)):
		return []string{fill(hintOtherSAKey, "key", shared.Path)}
	case errors.Is(err, nodecert.ErrServiceAccountKey), errors.Is(err, nodecert.ErrNoSharedKey):
		return []string{hintSAKey}
	case errors.As(err, &problems):
		return adviseProblems(problems)
	}
	return nil
}

// adviseProblems begins with what nothing else helps against.
func adviseProblems(e *problemsError) []string {
	var lines []string
	if e.found.EndingCAs > 0 {
		lines = append(lines, fill(hintCAEnds, "cluster", e.cluster))
	}
	if e.found.Layout == nodecert.Ours && e.files > e.found.EndingCAs {
		lines = append(lines, hintMend)
		if e.found.NoServiceAccountKey {
			lines = append(lines, hintSAKey)
		}
	}
	return lines[:min(len(lines), 2)]
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
