// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package env

import (
	"context"
	"errors"
)

type keyring struct{}

// MissingKeyring is never nil here: the only keyring is the user's own.
func MissingKeyring() error { return errors.New("a private keyring is made on Linux only") }

func (e *Env) startKeyring(context.Context) (*keyring, error) { return nil, MissingKeyring() }

func (*keyring) stop() {}
