// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// user is somebody who has made a context for prod.
type user struct {
	*env.Env
	exec    execEntry
	execEnv []string
}

// newUser makes a user of a site, who is gone when w is closed.
func (w *world) newUser(ctx context.Context, s *site) (*user, error) {
	e, err := env.New(ctx, env.Options{
		Kubectl: w.kubectl, Plugin: w.plugin, CloudsYAML: s.server.CloudsYAML(), Cloud: "alice", Keyring: true,
	})
	if err != nil {
		return nil, err
	}
	u := &user{Env: e}
	w.atClose(e.Close)
	out := u.Run(ctx, "kubectl", "magnum", "config", "prod")
	if out.Code != 0 {
		return nil, fmt.Errorf("kubectl magnum config prod: %s", out.Stderr)
	}
	u.exec, u.execEnv, err = u.execEntry(ctx)
	return u, err
}

// credential is the plugin as kubectl runs it for the user.
func (u *user) credential(name string, before func() error) program {
	return program{
		name: name, user: u, path: filepath.Join(u.Bin, u.exec.Command), args: u.exec.Args,
		env: u.execEnv, before: before,
	}
}
