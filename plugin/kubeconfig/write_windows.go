// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: a new file has the permissions that its directory
// hands down.
func keepOwner(*os.File, fs.FileInfo) {}

// syncDir does nothing: a directory can't be synced.
func syncDir(string) error { return nil }
