// SPDX-License-Identifier: Apache-2.0

package binaries

import (
	"context"
	"io"
	"path/filepath"
)

// Clients are programs other than kubectl that read a kubeconfig: absolute
// paths.
type Clients struct {
	// Helm is the newest Helm 3, linked with the client-go of the newest kubectl.
	Helm string
	// Client is one of our own, which asks once or runs on; see clients/client.
	Client string
}

// BuildClients is to Clients what BuildKubernetes is to its programs.
func BuildClients(ctx context.Context, w io.Writer) (Clients, error) {
	b, err := newBuilder(ctx, w)
	if err != nil {
		return Clients{}, err
	}
	b.report.warning = "helm from source; the first time takes a minute or two, after Kubernetes"
	dir, err := b.module(ctx, filepath.Join(b.root, "clients"),
		program{"helm", "helm.sh/helm/v3/cmd/helm", "helm.sh/helm/v3"},
		program{"client", "./client", "k8s.io/client-go"})
	return Clients{Helm: filepath.Join(dir, "helm"), Client: filepath.Join(dir, "client")}, err
}
