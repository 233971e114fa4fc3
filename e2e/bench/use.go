// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// kubectl is another process each time, and nobody types three hundred commands
// in a row. Here one process runs the plugin again and again, which it would
// take for a sign of trouble: so what it remembers of that is set before each
// run.

// verifiedJustNow is the everyday case.
func (u *user) verifiedJustNow() error {
	return u.setUse(fmt.Sprintf(`{"verified":%q}`, time.Now().Add(-time.Second).Format(time.RFC3339Nano)))
}

// neverVerified is the case of once a lease.
func (u *user) neverVerified() error { return u.setUse("{}") }

func (u *user) setUse(text string) error {
	file, err := u.useFile()
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o600)
}

// recordKey returns the key of the user's one record, which the file about its
// use is called by.
func (u *user) recordKey() (string, error) {
	file, err := u.useFile()
	return strings.TrimSuffix(filepath.Base(file), ".json"), err
}

func (u *user) useFile() (string, error) {
	files, err := filepath.Glob(filepath.Join(u.Home, ".local", "state", "kubectl-magnum", "uses", "*.json"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("there are %d files of a credential's use, want 1", len(files))
	}
	return files[0], nil
}
