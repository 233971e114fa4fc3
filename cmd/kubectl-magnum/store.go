// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
)

// testOnlyStore, when tests set it, takes the place of a keyring, which is not
// to be had everywhere.
var testOnlyStore plugin.Store

const (
	cacheVar  = "KUBECTL_MAGNUM_CACHE"
	cacheAuto = "auto"

	// lifeMargin is how long the kernel keeps a record that is past its max age:
	// in the window of a rotation no API server takes a new one.
	lifeMargin = time.Hour
)

// cacheOptions say where records are kept, and for how long.
type cacheOptions struct {
	choice string        // --cache; "" if it was not given
	maxAge time.Duration // 0 if the command does not say
}

func (o *cacheOptions) addFlag(fs *pflag.FlagSet) {
	fs.StringVar(&o.choice, "cache", "", "`where` keys are kept: auto, keyring, kernel or none (default: KUBECTL_MAGNUM_CACHE, or auto)")
}

// recordsOf are o for records with this max age.
func (o cacheOptions) recordsOf(maxAge time.Duration) cacheOptions {
	o.maxAge = maxAge
	return o
}

// argument is what a kubeconfig has to say of o: the default is left to the
// machine that it is used on.
func (o cacheOptions) argument() string {
	if o.choice == cacheAuto {
		return ""
	}
	return o.choice
}

// newStore chooses where records are kept.
func newStore(p *program, o cacheOptions) (plugin.Store, error) {
	said, choice := "--cache", o.choice
	if choice == "" {
		said, choice = cacheVar, p.getenv(cacheVar)
	}
	keyring := &cache.Keyring{Getenv: p.getenv, UID: p.uid}
	kernel := &cache.Kernel{}
	if o.maxAge > 0 {
		kernel.Life = o.maxAge + lifeMargin
	}
	var store plugin.Store
	switch choice {
	case "", cacheAuto:
		store = keyring
		if runtime.GOOS == "linux" {
			store = &cache.Auto{Keyring: keyring, Kernel: kernel, Container: func() bool { return cache.InContainer("/", p.getenv) }}
		}
	case "keyring":
		store = keyring
	case "kernel":
		if runtime.GOOS != "linux" {
			return nil, usagef("%s is %q, which only Linux has; it is auto, keyring or none", said, choice)
		}
		store = kernel
	case "none":
		store = cache.None{}
	default:
		return nil, usagef("%s is %q; it is auto, keyring, kernel or none", said, choice)
	}
	if testOnlyStore != nil {
		return testOnlyStore, nil
	}
	return store, nil
}
