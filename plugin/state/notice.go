// SPDX-License-Identifier: Apache-2.0

package state

import (
	"os"
	"path/filepath"
)

// FirstNotice says whether something is to be told: it is for one of all that
// ask at once, and not again before ForgetNotice. Where that cannot be
// remembered nobody is told, as there would be no end to it.
func (d Dir) FirstNotice(about string) bool {
	if !validKey(about) {
		return false
	}
	first := func(path string, _ []byte, mode os.FileMode) error {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return err
		}
		return f.Close()
	}
	path := filepath.Join(d.Path, "notices", about+".json")
	return writeFile(path, nil, folder{d.Path, 0o700}, first, 0o600) == nil
}

// ForgetNotice makes the next notice the first one again.
func (d Dir) ForgetNotice(about string) {
	if d.Path != "" && validKey(about) && d.CheckOwner() == nil {
		_ = os.Remove(filepath.Join(d.Path, "notices", about+".json")) // it is usually not there
	}
}
