// SPDX-License-Identifier: Apache-2.0

package rename

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

const errSharingViolation = syscall.Errno(32)

const (
	patience = 2 * time.Second       // how long readers are waited for
	pause    = 20 * time.Millisecond // between two tries
)

// Over renames from to to, which may exist. Windows refuses while anybody has
// the old file open, a kubectl that reads it for instance, so that is tried
// again for two seconds, or until ctx ends.
func Over(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := os.Rename(from, to)
		if !errors.Is(err, errSharingViolation) && !errors.Is(err, syscall.ERROR_ACCESS_DENIED) {
			return err
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return err
		case <-wait.C:
		}
	}
}
