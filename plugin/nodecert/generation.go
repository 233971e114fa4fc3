// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"errors"
	"fmt"
	"io/fs"
)

// A pki that was exchanged, and that containers have mounted: what they see must
// not go away before they are started again.
func generationName(n int) string { return fmt.Sprintf(".pki-%d.kubectl-magnum", n) }

// retire removes what was exchanged, or puts it aside while it is mounted. The
// run that finds it mounted no more removes it.
func (d *Dir) retire(name string) error {
	inUse, err := mounted(d.handle, name)
	if err == nil && !inUse {
		return d.wrap(d.root.RemoveAll(name))
	}
	d.inUse = true // or nobody knows
	if name != stagingName {
		return nil // it has been put aside before
	}
	for n := 1; ; n++ {
		_, err := d.root.Lstat(generationName(n))
		if errors.Is(err, fs.ErrNotExist) {
			return d.wrap(d.root.Rename(name, generationName(n)))
		}
		if err != nil {
			return d.wrap(err)
		}
	}
}
