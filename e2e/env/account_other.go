// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package env

import (
	"context"
	"errors"
	"os/exec"
)

var errNoNamespaces = errors.New("there are no user namespaces")

// MissingAccount says why this machine cannot give a user an account.
func MissingAccount(context.Context, string) error { return errNoNamespaces }

func (*Env) writeAccount() error { return errNoNamespaces }

func (*Env) withAccount(cmd *exec.Cmd) *exec.Cmd { return cmd }
