// SPDX-License-Identifier: Apache-2.0

// Package binaries builds the programs that the end-to-end tests run: etcd,
// kube-apiserver, kube-controller-manager, two releases of kubectl and other
// clients out of the Go module proxy, and kubectl-magnum out of this tree. It downloads no binary,
// needs nothing but Go, and writes nothing into the tree. No API stability
// promise.
package binaries

import (
	"context"
	"io"
	"os"
	"path/filepath"
)

// Kubernetes is where the programs of Kubernetes are: absolute paths.
type Kubernetes struct {
	Etcd      string
	APIServer string
	// Kubectl is the newest supported kubectl, KubectlOld the oldest. Both are
	// files called "kubectl", as PATH needs them.
	Kubectl    string
	KubectlOld string
}

// BuildKubernetes returns the programs of Kubernetes, building what the cache
// does not hold: once for each content of their modules, Go release and
// platform. It tells its progress on w, live if that is a terminal. Calls at
// the same time, by any number of processes, build once.
//
// The cache is a directory that may be deleted at any time: E2E_CACHE, or
// kubectl-magnum-e2e in the user's cache directory.
func BuildKubernetes(ctx context.Context, w io.Writer) (Kubernetes, error) {
	b, err := newBuilder(ctx, w)
	if err != nil {
		return Kubernetes{}, err
	}
	b.report.warning = "a real Kubernetes from source; the first time takes about six minutes on two cores and downloads 100 MB"
	module := filepath.Join(b.root, "kubernetes")
	newest, err := b.module(ctx, module,
		program{"etcd", "./cmd/etcd", "go.etcd.io/etcd/server/v3"},
		program{"kube-apiserver", "./cmd/kube-apiserver", "k8s.io/kubernetes"},
		program{"kubectl", "./cmd/kubectl", "k8s.io/kubernetes"})
	if err != nil {
		return Kubernetes{}, err
	}
	oldest, err := b.module(ctx, filepath.Join(module, "old"), program{"kubectl", ".", "k8s.io/kubectl"})
	return Kubernetes{
		Etcd:       filepath.Join(newest, "etcd"),
		APIServer:  filepath.Join(newest, "kube-apiserver"),
		Kubectl:    filepath.Join(newest, "kubectl"),
		KubectlOld: filepath.Join(oldest, "kubectl"),
	}, err
}

// BuildControllerManager builds kube-controller-manager and returns its path.
// Otherwise it is like BuildKubernetes, apart from which it takes some three
// minutes the first time: few tests need it.
func BuildControllerManager(ctx context.Context, w io.Writer) (string, error) {
	b, err := newBuilder(ctx, w)
	if err != nil {
		return "", err
	}
	b.report.warning = "kube-controller-manager from source; the first time takes some three minutes on two cores, after Kubernetes"
	dir, err := b.module(ctx, filepath.Join(b.root, "kubernetes"),
		program{"kube-controller-manager", "./cmd/kube-controller-manager", "k8s.io/kubernetes"})
	return filepath.Join(dir, "kube-controller-manager"), err
}

// BuildPlugin builds kubectl-magnum from the tree as it is and returns its
// path. Otherwise it is like BuildKubernetes.
func BuildPlugin(ctx context.Context, w io.Writer) (string, error) {
	b, err := newBuilder(ctx, w)
	if err != nil {
		return "", err
	}
	return b.plugin(ctx, filepath.Dir(b.root))
}

// BuildAccount builds cmd/account, which is for Linux. Otherwise it is like
// BuildPlugin.
func BuildAccount(ctx context.Context, w io.Writer) (string, error) {
	b, err := newBuilder(ctx, w)
	if err != nil {
		return "", err
	}
	return b.account(ctx)
}

func newBuilder(ctx context.Context, w io.Writer) (builder, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return builder{}, err
	}
	cache, err := cacheDir()
	return builder{root: root, cache: cache, report: newReport(w)}, err
}

func cacheDir() (string, error) {
	if dir := os.Getenv("E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "kubectl-magnum-e2e"), err
}
