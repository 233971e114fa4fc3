// SPDX-License-Identifier: Apache-2.0

package main

import (
	"path/filepath"
	"testing"
	"time"
)

// That shells understand these lines is tested with real ones in e2e.
func TestExportLine(t *testing.T) {
	for _, test := range []struct{ shell, path, want string }{
		{"sh", "/a b/config", `export KUBECONFIG='/a b/config'`},
		{"sh", "/it's/config", `export KUBECONFIG='/it'\''s/config'`},
		{"fish", `/it's/a\b`, `set -gx KUBECONFIG '/it\'s/a\\b'`},
		{"csh", "/plain/config", `setenv KUBECONFIG '/plain/config'`},
		{"csh", "/a  b/!%/config", "setenv KUBECONFIG \"`printf '/a\\040\\040b/\\041\\045/config'`\""},
		{"powershell", "/it's/config", `$env:KUBECONFIG = '/it''s/config'`},
		{"powershell", "/it’s/config", `$env:KUBECONFIG = '/it’’s/config'`},
	} {
		if got := exportLine(test.shell, test.path); got != test.want {
			t.Errorf("%s, %q: got %s", test.shell, test.path, got)
		}
	}
}

func TestShellKind(t *testing.T) {
	for _, test := range []struct{ flag, env, want string }{
		{"", "", "sh"},
		{"", "/usr/bin/zsh", "sh"},
		{"", "/bin/tcsh", "csh"},
		{"", "/usr/bin/fish", "fish"},
		{"", "/opt/unheard-of", "sh"},
		{"pwsh", "/bin/tcsh", "powershell"},
		{"bash", "/bin/tcsh", "sh"},
	} {
		if got, err := shellKind(test.flag, test.env); err != nil || got != test.want {
			t.Errorf("--shell %q, SHELL=%q: got %q, %v", test.flag, test.env, got, err)
		}
	}
}

func TestExecCommand(t *testing.T) {
	root := filepath.FromSlash("/home/a/.krew")
	link := filepath.Join(root, "bin", "kubectl-magnum")
	store := filepath.Join(root, "store", "magnum", "v1.2.3", "kubectl-magnum")
	for _, test := range []struct{ flag, executable, want string }{
		{"", store, "kubectl-magnum"},
		{store, "", link},
		{"auto", store, link},
		{"auto", filepath.FromSlash("/usr/bin/kubectl-magnum"), filepath.FromSlash("/usr/bin/kubectl-magnum")},
	} {
		if !filepath.IsAbs(store) {
			t.Skip("paths of Unix")
		}
		if got, err := execCommand(test.flag, test.executable); err != nil || got != test.want {
			t.Errorf("--exec-path %q: got %q, %v", test.flag, got, err)
		}
	}
}

func TestFormatAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		12 * time.Hour: "12h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m",
		10 * time.Second: "10s", time.Hour + 10*time.Second: "1h0m10s",
	} {
		if got := formatAge(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}
