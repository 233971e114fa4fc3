// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
)

// warnNotKept tells that no store took a key, and what would help.
func (p *program) warnNotKept(err error) {
	name, what, cost := "", "key", "asks Magnum for a certificate"
	var notKept *plugin.NotKeptError
	if errors.As(err, &notKept) {
		name = notKept.Cluster
		if notKept.Token {
			what, cost = "token", "asks Keystone for one"
		}
	}
	p.warn(fmt.Sprintf("the %s for cluster %q is not kept, as %s: each kubectl call %s", what, name, storeProblem(err), cost))
	for _, hint := range adviseStore(err, p.inContainer()) {
		p.hint(hint)
	}
}

// storeProblem is what is wrong with a store, in words for people: that there
// is no keyring is everyday on a server.
func storeProblem(err error) string {
	switch {
	case errors.Is(err, cache.ErrAsks):
		return "the keyring wants to ask somebody first"
	case errors.Is(err, cache.ErrLocked): // the kernel's, if that was tried, could not take its place
		return "the keyring is locked"
	case errors.Is(err, cache.ErrTimeout), errors.Is(err, cache.ErrHung):
		return "the keyring does not answer"
	case errors.Is(err, cache.ErrFull):
		return "the kernel keyring is full"
	case errors.Is(err, cache.ErrUnavailable):
		return "there is no keyring here"
	case errors.Is(err, credential.ErrNewerVersion):
		return "a later version of kubectl magnum keeps its key there"
	}
	var notKept *plugin.NotKeptError
	if errors.As(err, &notKept) {
		err = notKept.Err
	}
	return err.Error()
}

// isToken says whether it is a token that was not kept.
func isToken(err error) bool {
	var notKept *plugin.NotKeptError
	return errors.As(err, &notKept) && notKept.Token
}

// adviseStore is advice for who has no store for keys.
func adviseStore(err error, inContainer bool) []string {
	switch {
	case errors.Is(err, cache.ErrLocked):
		return []string{hintUnlock}
	case errors.Is(err, cache.ErrTimeout), errors.Is(err, cache.ErrHung):
		return []string{hintHung}
	case errors.Is(err, cache.ErrFull):
		return []string{hintFull}
	case errors.Is(err, cache.ErrTooBig) && !isToken(err):
		return []string{hintTooBig}
	case errors.Is(err, credential.ErrNewerVersion):
		return []string{hintLater}
	case errors.Is(err, cache.ErrUnavailable) && inContainer:
		return []string{hintContainer}
	case errors.Is(err, cache.ErrUnavailable) && runtime.GOOS == "linux":
		return []string{hintNoStore}
	}
	return nil
}
