// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tokenCommands are programs that print a token, and ones that print a secret
// otherwise.
func (l *leaks) tokenCommands(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	l.env = map[string]string{"OS_CLOUD": "alice", "PATH": os.Getenv("PATH")}
	l.clouds(fmt.Sprintf("clouds: {alice: {auth_type: v3kerberos, auth: {auth_url: '%s', project_id: %s}}}", l.cloud.KeystoneURL(), l.cloud.ProjectID("demo")))
	file, token := filepath.Join(l.home, "printed"), l.cloud.Token("alice", "demo")
	l.plant(token)
	for _, test := range []struct{ script, printed, want string }{
		{"cat " + file, token, "(token)"},
		{"cat " + file, l.planted[0], "token command"},
		{"cat " + file + "; exit 3", l.planted[0], "exit status 3"},
		{"cat " + file + " >&2; exit 3", l.planted[0], "exit status 3"},
		{"cat " + file + " " + file, l.planted[0] + "\n", "token command"},
	} {
		if err := os.WriteFile(file, []byte(test.printed), 0o600); err != nil {
			t.Fatal(err)
		}
		_, stderr := l.run(t, "login", "-v", "--token-command", "sh -c '"+test.script+"'")
		if !strings.Contains(stderr, test.want) {
			t.Errorf("%s: no %q in\n%s", test.script, test.want, stderr)
		}
		l.login(t, "token command") // with the first one
	}
	l.env = map[string]string{"OS_CLOUD": "alice"}
}
