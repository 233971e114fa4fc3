// SPDX-License-Identifier: Apache-2.0

//go:build !darwin && !windows

package settings

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// getentTime is how long a directory service is waited for.
const getentTime = 5 * time.Second

// LookUp finds the account of uid in /etc/passwd or, with getent, in a directory
// service; its only error is a [*NoAccountError]. Package os/user will not do: built
// without cgo it takes HOME and USER for whoever is not in /etc/passwd.
func LookUp(uid int) (Account, error) {
	return lookUp(uid, "/etc/passwd", "/usr/bin/getent", "/bin/getent", "/run/current-system/sw/bin/getent")
}

func lookUp(uid int, passwd string, getents ...string) (Account, error) {
	text, err := os.ReadFile(passwd)
	if err == nil {
		if a, ok := inPasswd(string(text), uid); ok {
			return a, nil
		}
	}
	for _, getent := range getents {
		ctx, cancel := context.WithTimeout(context.Background(), getentTime)
		run := exec.CommandContext(ctx, getent, "passwd", strconv.Itoa(uid)) //nolint:gosec // one of those above
		run.Env, run.Dir = []string{}, "/"
		text, err := run.Output()
		cancel()
		if err == nil {
			if a, ok := inPasswd(string(text), uid); ok {
				return a, nil
			}
		}
	}
	return Account{}, &NoAccountError{UID: uid}
}

// inPasswd finds a uid in lines of passwd(5).
func inPasswd(text string, uid int) (Account, bool) {
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) == 7 && fields[2] == strconv.Itoa(uid) && fields[0] != "" {
			home := fields[5]
			return Account{Name: fields[0], Home: home, UID: uid}, filepath.IsAbs(home)
		}
	}
	return Account{}, false
}
