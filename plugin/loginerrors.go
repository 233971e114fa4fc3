// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
)

// LoginStoreError means that there is no keyring to keep the secret in. Nothing
// was made.
type LoginStoreError struct{ Err error }

func (e *LoginStoreError) Error() string {
	return "there is no keyring that keeps a secret: " + e.Err.Error()
}
func (e *LoginStoreError) Unwrap() error { return e.Err }

// RulesRefusedError is a Magnum that takes no application credential with access
// rules.
type RulesRefusedError struct{ Err error }

func (e *RulesRefusedError) Error() string {
	return "this cloud's Magnum takes no application credential with access rules, so that none is kept: " + e.Err.Error()
}
func (e *RulesRefusedError) Unwrap() error { return e.Err }

// MayNotDelegateError is a login that Keystone makes no application credential
// for: one by an application credential, or a trust.
type MayNotDelegateError struct{ Err error }

func (e *MayNotDelegateError) Error() string {
	return "with this login Keystone makes no application credential: " + e.Err.Error()
}
func (e *MayNotDelegateError) Unwrap() error { return e.Err }

// LeftError is an application credential that is left at Keystone though nobody
// needs it, or may still be made there.
type LeftError struct {
	Cloud string // "" for OS_* variables
	ID    string // or its name, if the id is not known
	Err   error  // why; nil if there was none yet when it was looked for
	Cause error  // of all; nil if there is none
}

func (e *LeftError) Error() string {
	text := fmt.Sprintf("the application credential %s is left: %v", e.ID, e.Err)
	if e.Err == nil {
		text = fmt.Sprintf("the application credential %s may still be made", e.ID)
	}
	switch {
	case errors.Is(e.Cause, context.Canceled):
		return "interrupted; " + text
	case e.Cause != nil:
		return e.Cause.Error() + "; " + text
	}
	return text
}

func (e *LeftError) Unwrap() []error { return []error{e.Cause, e.Err} }
