// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
)

// user has an empty home and no keyring: these tests are about what Keystone
// and Magnum say.
type user struct{ *env.Env }

func newUser(t *testing.T, clouds []byte, cloud string) user {
	t.Helper()
	programs := build(t)
	e, err := env.New(t.Context(), env.Options{
		Kubectl: programs.Kubectl, Plugin: programs.Plugin, CloudsYAML: clouds, Cloud: cloud,
	})
	if err != nil {
		t.Fatal(err)
	}
	e.CloseAfter(t)
	return user{e}
}

// built is what build built: even to find that out again takes a second.
var built struct {
	once sync.Once
	mainjob.Programs
}

func build(t *testing.T) mainjob.Programs {
	t.Helper()
	built.once.Do(func() { built.Programs = mainjob.Build(t) })
	return built.Programs
}

// magnum runs kubectl magnum.
func (u user) magnum(t *testing.T, args ...string) env.Output {
	t.Helper()
	return u.Run(t.Context(), "kubectl", append([]string{"magnum"}, args...)...)
}

// configured tells whether there is a kubeconfig.
func (u user) configured() bool {
	_, err := os.Stat(filepath.Join(u.Home, ".kube", "config"))
	return err == nil
}

// refused runs kubectl magnum and checks that it refuses in due form: the exit
// code, nothing on stdout, an error and at most two hints on stderr, all of it
// printable, each want in it, and no kubeconfig.
func (u user) refused(t *testing.T, code int, want []string, args ...string) {
	t.Helper()
	got := u.magnum(t, args...)
	t.Logf("%s", got.Stderr)
	if got.Code != code {
		t.Errorf("exit code %d, want %d", got.Code, code)
	}
	if got.Stdout != "" {
		t.Errorf("stdout has %q", got.Stdout)
	}
	lines := strings.Split(strings.TrimSuffix(got.Stderr, "\n"), "\n")
	if len(lines) > 3 || !strings.HasPrefix(lines[0], "kubectl-magnum: error: ") {
		t.Error("stderr is not an error and at most two hints")
	}
	for _, line := range lines[1:] {
		if !strings.HasPrefix(line, "kubectl-magnum: hint: ") {
			t.Errorf("not a hint: %q", line)
		}
	}
	if strings.ContainsFunc(strings.ReplaceAll(got.Stderr, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("stderr has control characters: %q", got.Stderr)
	}
	for _, w := range want {
		if !strings.Contains(got.Stderr, w) {
			t.Errorf("stderr lacks %q", w)
		}
	}
	if u.configured() {
		t.Error("there is a kubeconfig")
	}
}

func (u user) accepted(t *testing.T, cluster string, flags ...string) {
	t.Helper()
	got := u.magnum(t, append([]string{"config", cluster}, flags...)...)
	if got.Code != 0 || !u.configured() || strings.Contains(got.Stderr, "error") {
		t.Errorf("%+v", got)
	}
}
