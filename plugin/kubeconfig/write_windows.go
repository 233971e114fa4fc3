// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// keepOwner does nothing: a new file has the permissions that its directory
// hands down.
func keepOwner(*os.File, fs.FileInfo) {}

// renameTime is how long rename waits for readers to close the file.
const renameTime = 2 * time.Second

// rename replaces a file. Windows refuses while anybody has the old one open,
// a kubectl that reads it for instance, so that is tried again for a while.
func rename(ctx context.Context, from, to string) error {
	ctx, cancel := context.WithTimeout(ctx, renameTime)
	defer cancel()
	for {
		err := os.Rename(from, to)
		if !errors.Is(err, errSharingViolation) && !errors.Is(err, syscall.ERROR_ACCESS_DENIED) {
			return err
		}
		wait := time.NewTimer(maxWait)
		select {
		case <-ctx.Done():
			wait.Stop()
			return err
		case <-wait.C:
		}
	}
}

// syncDir does nothing: a directory can't be synced.
func syncDir(string) error { return nil }
