// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs that the end-to-end tests run: etcd,
// kube-apiserver and two releases of kubectl out of the Go module proxy, and
// kubectl-magnum out of this tree. It downloads no binary, needs nothing but
// Go, and writes nothing into the tree. No API stability promise.
package binaries

import (
	"context"
	"io"
	"os"
	"path/filepath"
)

// Set is where the built programs are: absolute paths.
type Set struct {
	Etcd      string
	APIServer string
	// Kubectl is the newest supported kubectl, KubectlOld the oldest. Both
	// must be called "kubectl" in PATH to work as users know them.
	Kubectl    string
	KubectlOld string
	// Plugin is kubectl-magnum, built from the tree as it was at the call.
	Plugin string
}

// Build returns the programs, building what the cache does not hold. The
// programs of Kubernetes are built once for each content of their module, Go
// release and platform; kubectl-magnum each time. Progress is told on progress,
// live if that is a terminal. Calls at the same time, by any number of
// processes, build once.
//
// The cache is a directory that may be deleted at any time: E2E_CACHE, or
// kubectl-magnum-e2e in the user's cache directory.
func Build(ctx context.Context, progress io.Writer) (Set, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return Set{}, err
	}
	cache, err := cacheDir()
	if err != nil {
		return Set{}, err
	}
	b := builder{cache: cache, report: newReport(progress)}
	kubernetes := filepath.Join(root, "kubernetes")
	newest, err := b.module(ctx, kubernetes,
		program{"etcd", "./cmd/etcd", "go.etcd.io/etcd/server/v3"},
		program{"kube-apiserver", "./cmd/kube-apiserver", "k8s.io/kubernetes"},
		program{"kubectl", "./cmd/kubectl", "k8s.io/kubernetes"})
	if err != nil {
		return Set{}, err
	}
	oldest, err := b.module(ctx, filepath.Join(kubernetes, "old"), program{"kubectl", ".", "k8s.io/kubectl"})
	if err != nil {
		return Set{}, err
	}
	plugin, err := b.plugin(ctx, filepath.Dir(root))
	if err != nil {
		return Set{}, err
	}
	return Set{
		Etcd:       filepath.Join(newest, "etcd"),
		APIServer:  filepath.Join(newest, "kube-apiserver"),
		Kubectl:    filepath.Join(newest, "kubectl"),
		KubectlOld: filepath.Join(oldest, "kubectl"),
		Plugin:     plugin,
	}, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "kubectl-magnum-e2e"), err
}
