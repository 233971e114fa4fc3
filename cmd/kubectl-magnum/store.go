// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// newStore chooses where records are kept.
func newStore(p *program) (plugin.Store, error) {
	switch choice := p.getenv("KUBECTL_MAGNUM_CACHE"); choice {
	case "", "auto", "keyring":
		return &cache.Keyring{Getenv: p.getenv, UID: p.uid}, nil
	case "none":
		return cache.None{}, nil
	default:
		return nil, usagef("KUBECTL_MAGNUM_CACHE is %q; it is auto, keyring or none", choice)
	}
}
