// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package env

import (
	"context"
	"errors"
)

type daemons struct{}

func (*daemons) stop() {}

// MissingKeyring is never nil here: the only keyring is the user's own.
func MissingKeyring() error { return errors.New("a private keyring is made on Linux only") }

func (*Env) startKeyring(_ context.Context, o Options) error {
	if !o.Bus && !o.Keyring {
		return nil
	}
	return MissingKeyring()
}
