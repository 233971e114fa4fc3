// SPDX-License-Identifier: Apache-2.0

package env_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

func TestTheUserHasAWorldOfItsOwn(t *testing.T) {
	t.Setenv("LEAKED_FROM_THE_TEST", "yes")
	e, err := env.New(t.Context(), env.Options{Kubectl: "/bin/echo", Plugin: "/bin/sh", CloudsYAML: []byte("clouds: {}\n"), Cloud: "alice"})
	if err != nil {
		t.Fatal(err)
	}
	got := e.Run(t.Context(), "kubectl-magnum", "-c", `echo "$OS_CLOUD $HOME $LEAKED_FROM_THE_TEST"; echo bad >&2; exit 3`)
	want := env.Output{Stdout: "alice " + e.Home + " \n", Stderr: "bad\n", Code: 3}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, v := range e.Environ() {
		if name, value, _ := strings.Cut(v, "="); slices.Contains([]string{"HOME", "TMPDIR", "PATH", "XDG_RUNTIME_DIR"}, name) && !strings.HasPrefix(value, e.Dir) {
			t.Errorf("%s is outside the user's world", v)
		}
	}
	e.Close()
	if _, err := os.Stat(e.Dir); !os.IsNotExist(err) {
		t.Errorf("after Close the world is still there: %v", err)
	}
}

func TestKeyringIsPrivate(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	e, err := env.New(t.Context(), env.Options{Kubectl: "/bin/echo", Plugin: "/bin/sh", Keyring: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := os.Stat(filepath.Join(e.Runtime, "bus")); err != nil {
		t.Errorf("the bus is not the user's own: %v", err)
	}
	if _, err := os.Stat(filepath.Join(e.Home, ".local", "share", "keyrings", "login.keyring")); err != nil {
		t.Errorf("the keyring's file is not in the user's home: %v", err)
	}
}
