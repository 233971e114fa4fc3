// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdCloud changes the cloud: cloud password alice x, cloud revoke alice,
// cloud clock -1h (from now on, by this machine's). cloud token-file alice FILE writes a token of alice's
// for demo.
func cmdCloud(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	switch args[0] {
	case "password":
		w.cloud.SetPassword(args[1], args[2])
	case "revoke":
		w.cloud.RevokeTokens(args[1])
	case "clock":
		ahead, err := time.ParseDuration(args[1])
		ts.Check(err)
		w.ahead.Store(int64(ahead))
	case "token":
		ts.Setenv("OS_TOKEN", w.cloud.Token(args[1], "demo"))
	case "no-rules":
		w.cloud.RefuseAccessRules()
	case "token-file":
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(w.cloud.Token(args[1], "demo")+"\n"), 0o600))
	default:
		ts.Fatalf("cloud %q", args[0])
	}
}

// cmdCredentials checks how many application credentials login has made that are
// left: credentials 1, and sets LOGIN to the id of the last one. With revoke or
// expire that becomes of them; with lapse or foreign, of what is kept here.
func cmdCredentials(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	made := w.cloud.ApplicationCredentials()
	for _, c := range made {
		ts.Setenv("LOGIN", c.ID)
		switch args[0] {
		case "revoke":
			w.cloud.RevokeApplicationCredential(c.ID)
		case "expire":
			w.cloud.SetApplicationCredentialEnd(c.ID, time.Now().Add(-time.Second))
		}
	}
	change := func(pattern, old, replacement string) {
		files, err := filepath.Glob(pattern)
		ts.Check(err)
		for _, file := range files {
			ts.Check(os.WriteFile(file, []byte(strings.Replace(ts.ReadFile(file), old, replacement, 1)), 0o600))
		}
	}
	switch args[0] {
	case "lapse":
		change(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "kubectl-magnum", "kept", "*"), `"expires_at":"2`, `"expires_at":"1`)
	case "foreign":
		change(filepath.Join(ts.Getenv("TEST_STORE"), "v1-login-*"), `"auth":"http`, `"auth":"https`)
	}
	if n, err := strconv.Atoi(args[0]); err == nil && n != len(made) {
		ts.Fatalf("there are %v", made)
	}
}
