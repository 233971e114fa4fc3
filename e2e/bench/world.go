// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation/apitest"
)

// program is one of those that are measured.
type program struct {
	name, path string
	args, env  []string
	before     func() error // each run; nil for nothing
}

// world is a user with a keyring in which config has put a credential.
type world struct {
	user     *env.Env
	dir      string // of the programs built here
	programs []program
	server   *magnumtest.Server
	api      *apitest.Server
}

// newWorld makes a world; when it returns OpenStack is down, so that nothing
// but a hit can be measured.
func newWorld(ctx context.Context) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	kubernetes, err := binaries.BuildKubernetes(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	plugin, err := binaries.BuildPlugin(ctx, os.Stderr)
	if err != nil {
		return nil, err
	}
	w.api = apitest.New()
	w.server = magnumtest.New(magnumtest.Options{ProdAPI: w.api.URL})
	ca, caKey := w.server.CA("prod")
	w.api.Serve(ca, caKey)
	w.api.Trust(ca)
	w.user, err = env.New(ctx, env.Options{
		Kubectl: kubernetes.Kubectl, Plugin: plugin, CloudsYAML: w.server.CloudsYAML(), Cloud: "alice", Keyring: true,
	})
	if err != nil {
		return nil, err
	}
	if out := w.user.Run(ctx, "kubectl", "magnum", "config", "prod"); out.Code != 0 {
		return nil, fmt.Errorf("kubectl magnum config prod: %s", out.Stderr)
	}
	w.server.CloseKeystone()
	w.server.CloseMagnum()
	w.programs, err = w.buildPrograms(ctx)
	return w, err
}

// buildPrograms returns the empty program, the reading one and the plugin.
func (w *world) buildPrograms(ctx context.Context) ([]program, error) {
	key, err := w.recordKey()
	if err != nil {
		return nil, err
	}
	hit, hitEnv, err := w.execEntry(ctx)
	if err != nil {
		return nil, err
	}
	programs := []program{
		{name: "empty program", path: filepath.Join(w.dir, "empty")},
		{name: "go-keyring Get", path: filepath.Join(w.dir, "goget"), args: []string{key}},
		{name: "kubectl-magnum credential, cached", path: filepath.Join(w.user.Bin, hit.Command), args: hit.Args, env: hitEnv, before: w.verifiedJustNow},
		{name: "the same, shown to the server", path: filepath.Join(w.user.Bin, hit.Command), args: hit.Args, env: hitEnv, before: w.neverVerified},
	}
	// As the plugin is built, so that only what they do differs.
	for _, name := range []string{"empty", "goget"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.dir, "./bench/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return programs, nil
}

func (w *world) close() {
	if w.user != nil {
		w.user.Close()
	}
	if w.server != nil {
		w.server.Close()
	}
	if w.api != nil {
		w.api.Close()
	}
	_ = os.RemoveAll(w.dir)
}
