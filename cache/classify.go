// SPDX-License-Identifier: Apache-2.0

package cache

import (
	"errors"
	"fmt"
	"os/exec"

	"github.com/zalando/go-keyring"
)

// Exit statuses of macOS' security tool: the low byte of a Security framework
// code (SecBase.h), which go-keyring passes on without the tool's words.
const (
	exitInteractionNotAllowed = 36  // errSecInteractionNotAllowed -25308: locked, and nobody to ask (SSH)
	exitItemNotFound          = 44  // errSecItemNotFound -25300
	exitAuthFailed            = 51  // errSecAuthFailed -25293: a wrong password was given
	exitUserCanceled          = 128 // errSecUserCanceled -128
)

// classify turns what go-keyring returns into an error of this package. What
// has no other name is ErrUnavailable: on Windows that is
// ERROR_NO_SUCH_LOGON_SESSION, the answer to every network logon such as SSH.
func classify(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, keyring.ErrNotFound):
		return ErrMiss
	case errors.Is(err, keyring.ErrSetDataTooBig):
		return fmt.Errorf("%w: %w", ErrTooBig, err)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		switch exit.ExitCode() {
		case exitItemNotFound:
			return ErrMiss
		case exitInteractionNotAllowed, exitAuthFailed, exitUserCanceled:
			return fmt.Errorf("%w: %w", ErrLocked, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
