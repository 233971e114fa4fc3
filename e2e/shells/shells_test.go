// SPDX-License-Identifier: Apache-2.0

// Package shells tests, in the shells that people have, the one line that
// `kubectl magnum cluster-config` prints for eval. It holds nothing but tests.
package shells

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

// printed is what every script ends with: the variable as a child process sees
// it, and whether kubectl reads the file it names.
const printed = `
printenv KUBECONFIG
kubectl config current-context
`

// scripts are what a person types, as the Magnum manual has it.
var scripts = map[string]string{
	"sh":   `eval "$(kubectl magnum cluster-config prod)"` + printed,
	"bash": `eval "$(kubectl magnum cluster-config prod)"` + printed,
	"zsh":  `eval "$(kubectl magnum cluster-config prod)"` + printed,
	"fish": `eval "$(kubectl magnum cluster-config prod)"` + printed,
	"csh":  "eval `kubectl magnum cluster-config prod`" + printed,
	"tcsh": "eval `kubectl magnum cluster-config prod`" + printed,
}

var directories = map[string]string{
	"plain":              "clusters",
	"spaces":             "my  clusters ",
	"single quote":       "tom's",
	"double quote":       `12" rack`,
	"backslash":          `a\b\\c\n`,
	"dollar, backquote":  "$HOME`id`$(id)",
	"history, job, home": "!! %1 ~root",
	"patterns":           "[a-z]*{b,c}?",
	"operators":          "a;b&c|d>e<f#g(h)",
	"letters of others":  "größe 日本",
	"tab":                "a\tb",
}

func TestEvalSetsKubeconfig(t *testing.T) {
	programs := mainjob.Build(t)
	for shell, script := range scripts {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			require.Tool(t, "shells", err)
			u := newUser(t, programs)
			u.Setenv("SHELL", path)
			for name, directory := range directories {
				t.Run(name, func(t *testing.T) {
					dir := u.mkdir(t, directory)
					cmd := u.Command(t.Context(), path, "-c", script)
					cmd.Dir = dir
					got, err := cmd.CombinedOutput()
					want := filepath.Join(dir, "config") + "\nprod\n"
					if err != nil || string(got) != want {
						t.Errorf("got %q, %v, want %q", got, err, want)
					}
				})
			}
		})
	}
}

func TestPathThatKubeconfigCannotNameIsRefused(t *testing.T) {
	u := newUser(t, mainjob.Build(t))
	for name, directory := range map[string]string{"list separator": "a:b", "newline": "a\nb"} {
		t.Run(name, func(t *testing.T) {
			dir := u.mkdir(t, directory)
			before := len(u.openstack.Requests(t))
			out := u.Run(t.Context(), "kubectl", "magnum", "cluster-config", "prod", "--dir", dir)
			if out.Code != 2 || out.Stdout != "" || !strings.Contains(out.Stderr, "KUBECONFIG cannot name") {
				t.Errorf("got %+v, want a refusal and exit status 2", out)
			}
			if asked := u.openstack.Requests(t)[before:]; len(asked) > 0 {
				t.Errorf("asked OpenStack %q", asked)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
				t.Errorf("wrote %v, %v", files, err)
			}
		})
	}
}

func TestExistingFileIsRefusedBeforeAnythingIsSigned(t *testing.T) {
	u := newUser(t, mainjob.Build(t))
	dir := u.mkdir(t, "clusters")
	file := filepath.Join(dir, "config")
	const mine = "# mine\n"
	if err := os.WriteFile(file, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	out := u.Run(t.Context(), "kubectl", "magnum", "cluster-config", "prod", "--dir", dir)
	if out.Code != 1 || out.Stdout != "" || !strings.Contains(out.Stderr, "--force") {
		t.Errorf("got %+v, want a refusal that names --force and exit status 1", out)
	}
	if asked := u.openstack.Requests(t); len(asked) > 0 {
		t.Errorf("asked OpenStack %q", asked)
	}
	if content, err := os.ReadFile(file); err != nil || string(content) != mine {
		t.Errorf("the file is now %q, %v", content, err)
	}

	out = u.Run(t.Context(), "kubectl", "magnum", "cluster-config", "prod", "--dir", dir, "--force")
	if out.Code != 0 || out.Stdout != "export KUBECONFIG='"+file+"'\n" {
		t.Errorf("with --force: got %+v", out)
	}
}

// user has no keyring: what is tested here does not depend on it.
type user struct {
	*env.Env
	openstack mainjob.OpenStack
}

func newUser(t *testing.T, p mainjob.Programs) user {
	t.Helper()
	o := mainjob.Double(t, magnumtest.Options{})
	e, err := env.New(context.WithoutCancel(t.Context()), env.Options{
		Kubectl: p.Kubectl, Plugin: p.Plugin, CloudsYAML: o.CloudsYAML, Cloud: o.Cloud,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)
	e.Setenv("KUBECTL_MAGNUM_CACHE", "none")
	// csh has no printf of its own, and no shell printenv.
	e.Setenv("PATH", strings.Join([]string{e.Bin, "/usr/bin", "/bin"}, string(filepath.ListSeparator)))
	return user{e, o}
}

func (u user) mkdir(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(u.Home, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
