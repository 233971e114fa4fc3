// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"

	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// testOnlyStore, when tests set it, takes the place of a keyring, which is not
// to be had everywhere.
var testOnlyStore plugin.ClearableStore

// testOnlyService, when tests set it, keeps them out of the user's own records
// in the kernel keyring.
var testOnlyService string

const (
	cacheVar  = "KUBECTL_MAGNUM_CACHE"
	cacheAuto = "auto"
)

// cacheOptions say where records are kept.
type cacheOptions struct {
	choice string // --cache; "" if it was not given
	insist bool   // ask a keyring that hung a moment ago; see cache.Breaker
}

func (o *cacheOptions) addFlag(fs *pflag.FlagSet) {
	fs.StringVar(&o.choice, "cache", "", "`where` keys are kept: auto, keyring, kernel or none (default: KUBECTL_MAGNUM_CACHE, or auto)")
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
func newStore(p *program, o cacheOptions, dir state.Dir) (plugin.Store, error) {
	said, choice := "--cache", o.choice
	if choice == "" {
		said, choice = cacheVar, p.getenv(cacheVar)
	}
	kernel := newKernel()
	var store plugin.Store
	switch choice {
	case "", cacheAuto:
		keyring := newKeyring(p, o, dir)
		store = keyring
		if runtime.GOOS == "linux" {
			store = &cache.Auto{
				Keyring: keyring, Kernel: kernel, Newer: credential.Newer,
				Container: p.inContainer,
			}
		}
	case "keyring":
		store = newKeyring(p, o, dir)
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

// newLogins is where the secrets of logins are: a keyring that persists, whatever
// keys are kept in.
func newLogins(p *program, o cacheOptions, dir state.Dir) plugin.Store {
	if testOnlyStore != nil {
		return testOnlyStore
	}
	return newKeyring(p, o, dir)
}

// newKernel is the user's kernel keyring.
func newKernel() *cache.Kernel { return &cache.Kernel{Service: testOnlyService} }

// inContainer says whether other containers may share the kernel keyring.
func (p *program) inContainer() bool { return cache.InContainer("/", p.getenv) }

// newKeyring is the user's keyring, left alone after it hung.
func newKeyring(p *program, o cacheOptions, dir state.Dir) *cache.Breaker {
	keyring := &cache.Keyring{Getenv: p.getenv, UID: p.uid}
	// What hangs is the keyring of a session, not of all machines with this home.
	sum := sha256.Sum256([]byte(p.host + "\x00" + p.getenv("DBUS_SESSION_BUS_ADDRESS")))
	session := "keyring-" + hex.EncodeToString(sum[:4]) + "-"
	return &cache.Breaker{
		Store: keyring, Ping: keyring.Ping, Now: p.now, Insist: o.insist,
		Load: func(name string) (known cache.Outage) {
			if !dir.ReadOutage(session+name, &known) {
				return cache.Outage{}
			}
			return known
		},
		// Who does not learn of it waits once more.
		Save: func(name string, o cache.Outage) { _ = dir.SetOutage(session+name, o) },
	}
}
