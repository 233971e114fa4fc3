// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// testOnlyStore, when tests set it, takes the place of a keyring, which is not
// to be had everywhere.
var testOnlyStore plugin.Store

// newStore chooses where records are kept.
func newStore(p *program) (plugin.Store, error) {
	if testOnlyStore != nil {
		return testOnlyStore, nil
	}
	switch choice := p.getenv("KUBECTL_MAGNUM_CACHE"); choice {
	case "", "auto", "keyring":
		return &cache.Keyring{Getenv: p.getenv, UID: p.uid}, nil
	case "none":
		return cache.None{}, nil
	default:
		return nil, usagef("KUBECTL_MAGNUM_CACHE is %q; it is auto, keyring or none", choice)
	}
}
