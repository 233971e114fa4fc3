// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// user is somebody who has made a context for prod.
type user struct {
	*env.Env
	warning string // of config, which has one if it found no store
	exec    execEntry
	execEnv []string
}

// userOptions say what a user has, and how the context is made.
type userOptions struct {
	keyring bool
	vars    map[string]string
	config  []string // more arguments
}

// newUser makes a user of a site, who is gone when w is closed.
func (w *world) newUser(ctx context.Context, s *site, o userOptions) (*user, error) {
	e, err := env.New(ctx, env.Options{
		Kubectl: w.kubectl, Plugin: w.plugin, CloudsYAML: s.server.CloudsYAML(), Cloud: "alice", Keyring: o.keyring,
	})
	if err != nil {
		return nil, err
	}
	u := &user{Env: e}
	w.atClose(u.close)
	for name, value := range o.vars {
		u.Setenv(name, value)
	}
	out := u.Run(ctx, "kubectl", append([]string{"magnum", "config", "prod"}, o.config...)...)
	if out.Code != 0 {
		return nil, fmt.Errorf("kubectl magnum config prod: %s", out.Stderr)
	}
	u.warning = out.Stderr
	u.exec, u.execEnv, err = u.execEntry(ctx)
	return u, err
}

// close also erases what is in the kernel keyring, which is not of this world
// but of whoever runs this.
func (u *user) close() {
	if key, err := u.recordKey(); err == nil {
		_ = (&cache.Kernel{}).Delete(context.Background(), key)
	}
	u.Close()
}

// credential is the plugin as kubectl runs it for the user, with more in the
// environment.
func (u *user) credential(name string, before func() error, more ...string) program {
	return program{
		name: name, user: u, path: filepath.Join(u.Bin, u.exec.Command), args: u.exec.Args,
		env: slices.Concat(u.execEnv, more), before: before,
	}
}
