// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package rename

import (
	"context"
	"os"
)

// Over renames from to to, which may exist.
func Over(_ context.Context, from, to string) error { return os.Rename(from, to) }
