// SPDX-License-Identifier: Apache-2.0

//go:build darwin || windows

package settings

import (
	"os/user"
	"path/filepath"
)

// LookUp finds the account of uid, which is this process's; its only error is a
// [*NoAccountError]. These systems are asked themselves.
func LookUp(uid int) (Account, error) {
	u, err := user.Current()
	if err != nil || !filepath.IsAbs(u.HomeDir) {
		return Account{}, &NoAccountError{UID: uid}
	}
	return Account{Name: u.Username, Home: u.HomeDir, UID: uid}, nil
}
