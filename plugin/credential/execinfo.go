// SPDX-License-Identifier: Apache-2.0

package credential

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clientauthv1 "k8s.io/client-go/pkg/apis/clientauthentication/v1"
	clientauthv1beta1 "k8s.io/client-go/pkg/apis/clientauthentication/v1beta1"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

const kind = "ExecCredential"

// ErrNoExecInfo means that nobody asked: KUBERNETES_EXEC_INFO is unset, so the
// program was not started by kubectl or another client.
var ErrNoExecInfo = errors.New("KUBERNETES_EXEC_INFO is not set")

// ExecInfo is what a client says when it asks for a credential
// (https://kubernetes.io/docs/reference/config-api/client-authentication.v1/).
type ExecInfo struct {
	APIVersion string // the version to answer in
	// Cluster is what the client is about to talk to; nil unless the
	// kubeconfig says provideClusterInfo.
	Cluster *clientauthv1.Cluster
}

// ParseExecInfo reads the value of KUBERNETES_EXEC_INFO, version v1 or v1beta1.
func ParseExecInfo(value string) (ExecInfo, error) {
	if value == "" {
		return ExecInfo{}, ErrNoExecInfo
	}
	// The two versions have the same shape and differ in name alone.
	var asked clientauthv1.ExecCredential
	if err := json.Unmarshal([]byte(value), &asked); err != nil {
		return ExecInfo{}, fmt.Errorf("read KUBERNETES_EXEC_INFO: %w", err)
	}
	if asked.Kind != kind {
		return ExecInfo{}, fmt.Errorf("read KUBERNETES_EXEC_INFO: kind is %q, not %s", asked.Kind, kind)
	}
	switch asked.APIVersion {
	case clientauthv1.SchemeGroupVersion.String(), clientauthv1beta1.SchemeGroupVersion.String():
		return ExecInfo{APIVersion: asked.APIVersion, Cluster: asked.Spec.Cluster}, nil
	}
	return ExecInfo{}, fmt.Errorf("read KUBERNETES_EXEC_INFO: apiVersion %q is neither client.authentication.k8s.io/v1 nor v1beta1", asked.APIVersion)
}

// Answer returns the ExecCredential with r's certificate and key, or token, in
// the version that was asked for. The client asks again at expiry, which must not
// be in the past: client-go would break its own connections.
func (e ExecInfo) Answer(r *Record, expiry time.Time) ([]byte, error) {
	end := metav1.NewTime(expiry)
	status := &clientauthv1.ExecCredentialStatus{ExpirationTimestamp: &end, Token: r.Token}
	if !r.IsToken() {
		key, err := pki.MarshalKey(r.Key)
		if err != nil {
			return nil, err
		}
		status.ClientCertificateData, status.ClientKeyData = string(pki.MarshalCertificate(r.Certificate)), string(key)
	}
	answer, err := json.Marshal(clientauthv1.ExecCredential{
		TypeMeta: metav1.TypeMeta{APIVersion: e.APIVersion, Kind: kind},
		Status:   status,
	})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	return append(answer, '\n'), nil
}
