// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/binaries"
)

// program is one of those that are measured.
type program struct {
	name, path string
	args, env  []string
	user       *user        // who runs it
	before     func() error // each run; nil for nothing
	lacking    bool         // this machine has not what it needs
}

// world is what the programs need.
type world struct {
	dir             string // of the programs built here
	kubectl, plugin string
	programs        []program
	ends            []func()
}

// newWorld makes a world of two sites. Of the one where users have a credential
// OpenStack is down when it returns, so that nothing but a hit can be measured.
func newWorld(ctx context.Context) (_ *world, err error) {
	w := &world{}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if err := w.build(ctx); err != nil {
		return nil, err
	}
	if err := w.addHits(ctx); err != nil {
		return nil, err
	}
	return w, w.addSigned(ctx)
}

// build builds the programs, ours as the plugin is built, so that only what they
// do differs.
func (w *world) build(ctx context.Context) error {
	kubernetes, err := binaries.BuildKubernetes(ctx, os.Stderr)
	if err != nil {
		return err
	}
	w.kubectl = kubernetes.Kubectl
	if w.plugin, err = binaries.BuildPlugin(ctx, os.Stderr); err != nil {
		return err
	}
	if w.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return err
	}
	w.atClose(func() { _ = os.RemoveAll(w.dir) })
	for _, name := range []string{"empty", "goget"} {
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.dir, "./bench/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
	}
	return nil
}

// addHits adds the programs that find a credential, and what they are measured
// by.
func (w *world) addHits(ctx context.Context) error {
	// A site each: there is one kernel keyring, and auto looks into it too.
	s, headless := w.newSite(), w.newSite()
	keyring, err := w.newUser(ctx, s, userOptions{keyring: true, vars: map[string]string{"KUBECTL_MAGNUM_CACHE": "auto"}})
	if err != nil {
		return err
	}
	key, err := keyring.recordKey()
	if err != nil {
		return err
	}
	// Should this be killed, the kernel has forgotten the record in two hours.
	kernel, err := w.newUser(ctx, headless, userOptions{config: []string{"--cache", "kernel", "--max-age", "1h"}})
	if err != nil {
		return err
	}
	s.closeOpenStack()
	headless.closeOpenStack()
	inKernel := kernel.credential("cached in the kernel keyring", kernel.verifiedJustNow)
	inKernel.lacking = kernel.warning != ""
	if inKernel.lacking {
		fmt.Fprintf(os.Stderr, "without the kernel keyring: %s", kernel.warning)
	}
	w.programs = append(w.programs,
		program{name: "empty program", user: keyring, path: filepath.Join(w.dir, "empty")},
		program{name: "go-keyring Get", user: keyring, path: filepath.Join(w.dir, "goget"), args: []string{key}},
		keyring.credential("kubectl-magnum credential, cached", keyring.verifiedJustNow),
		keyring.credential("the same, shown to the server", keyring.neverVerified),
		inKernel,
	)
	return nil
}

// addSigned adds the programs that have no credential, so that each run has one
// signed. One of them looks for a store first, and the other shows what that
// costs. OpenStack is a double on loopback: a real one takes longer.
func (w *world) addSigned(ctx context.Context) error {
	// No bus listens where the user's environment names one, and the kernel
	// keyring is not used in a container.
	u, err := w.newUser(ctx, w.newSite(), userOptions{vars: map[string]string{"KUBECTL_MAGNUM_CACHE": "auto", "container": "bench"}})
	if err != nil {
		return err
	}
	if u.warning == "" {
		return errors.New("config found a store where none should be")
	}
	w.programs = append(w.programs,
		u.credential("signed, as no store is found", nil),
		u.credential("signed, as none is wanted", nil, "KUBECTL_MAGNUM_CACHE=none"),
	)
	return nil
}

func (w *world) atClose(f func()) { w.ends = append(w.ends, f) }

func (w *world) close() {
	for _, end := range slices.Backward(w.ends) {
		end()
	}
}
