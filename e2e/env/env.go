// SPDX-License-Identifier: Apache-2.0

// Package env is a user's world in a temporary directory: a home, a clouds.yaml,
// kubectl and kubectl-magnum in PATH and, on Linux, a keyring of its own. The
// keyring, the bus and the files of the person who runs the test are out of its
// reach, on purpose. No API stability promise.
package env

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// Options say what the user has.
type Options struct {
	// Kubectl and Plugin are programs; they are "kubectl" and "kubectl-magnum"
	// in PATH, whatever the files are called. PATH holds nothing else but
	// Others, by the names they have there.
	Kubectl, Plugin string
	Others          map[string]string
	// CloudsYAML is the content of the user's clouds.yaml, Cloud its OS_CLOUD.
	CloudsYAML []byte
	Cloud      string
	// Bus gives the user a session bus that starts no service, Keyring an
	// unlocked keyring on it; see [MissingKeyring].
	Bus, Keyring bool
	// Account is the program of that name (package binaries). With it Home is the
	// user's for the system's user database too; see [MissingAccount].
	Account string
}

// Env is a user's world. Only Setenv must not be called concurrently.
type Env struct {
	// Dir holds all that the user can write: Home, Temp and Runtime, which are
	// HOME, TMPDIR and XDG_RUNTIME_DIR. Bin, in it too, is PATH.
	Dir, Home, Temp, Runtime, Bin string

	account string // Options.Account
	vars    map[string]string
	daemons daemons
}

// New makes a user's world; Close removes it.
func New(ctx context.Context, o Options) (_ *Env, err error) {
	dir, err := os.MkdirTemp("", "e2e-user-")
	if err != nil {
		return nil, err
	}
	e := &Env{
		Dir:     dir,
		Home:    filepath.Join(dir, "home"),
		Temp:    filepath.Join(dir, "tmp"),
		Runtime: filepath.Join(dir, "run"),
		Bin:     filepath.Join(dir, "bin"),
	}
	defer func() {
		if err != nil {
			e.Close()
		}
	}()
	clouds := filepath.Join(e.Home, ".config", "openstack")
	for _, d := range []string{e.Bin, clouds, e.Temp, e.Runtime} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	programs := map[string]string{"kubectl": o.Kubectl, "kubectl-magnum": o.Plugin}
	maps.Copy(programs, o.Others)
	for name, program := range programs {
		if err := os.Symlink(program, filepath.Join(e.Bin, name)); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(clouds, "clouds.yaml"), o.CloudsYAML, 0o600); err != nil {
		return nil, err
	}
	e.vars = variables(e, o.Cloud)
	if e.account = o.Account; e.account != "" {
		if err := e.writeAccount(); err != nil {
			return nil, err
		}
	}
	return e, e.startKeyring(ctx, o)
}

func variables(e *Env, cloud string) map[string]string {
	vars := map[string]string{
		"HOME": e.Home, "TMPDIR": e.Temp, "XDG_RUNTIME_DIR": e.Runtime,
		"PATH": e.Bin, "OS_CLOUD": cloud, "LANG": "C.UTF-8", "TERM": "dumb", "SHELL": "/bin/sh",
		// Named even where nothing listens: without it a client finds the bus,
		// and with it the keyring, of whoever runs the test.
		"DBUS_SESSION_BUS_ADDRESS": "unix:path=" + filepath.Join(e.Runtime, "bus"),
	}
	// There is one kernel keyring, and elsewhere one keyring: the real one. Keep
	// out of it.
	vars["KUBECTL_MAGNUM_CACHE"] = "none"
	if runtime.GOOS == "linux" {
		vars["KUBECTL_MAGNUM_CACHE"] = "keyring"
	}
	return vars
}

// Setenv sets a variable for the commands that follow.
func (e *Env) Setenv(name, value string) { e.vars[name] = value }

// BusAddress is where the user's session bus is, or would be.
func (e *Env) BusAddress() string { return e.vars["DBUS_SESSION_BUS_ADDRESS"] }

// Environ is the user's whole environment.
func (e *Env) Environ() []string {
	environ := make([]string, 0, len(e.vars))
	for name, value := range e.vars {
		environ = append(environ, name+"="+value)
	}
	return environ
}

// Command is a command as the user would run it, in Home with no input. A name
// without a slash is a program in Bin.
func (e *Env) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if filepath.Base(name) == name {
		name = filepath.Join(e.Bin, name)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = e.Home
	cmd.Env = e.Environ()
	// A child of the child may hold the pipes open after a kill.
	cmd.WaitDelay = 5 * time.Second
	if e.account != "" {
		return e.withAccount(cmd)
	}
	return cmd
}

// Output is what a command said. Code is -1 if it was killed or never ran, and
// Stderr then ends with why.
type Output struct {
	Stdout, Stderr string
	Code           int
}

// Run runs a command as the user would and waits for it.
func (e *Env) Run(ctx context.Context, name string, args ...string) Output {
	return Run(e.Command(ctx, name, args...))
}

// Run runs a command and waits for it.
func Run(cmd *exec.Cmd) Output {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		stderr.WriteString(err.Error())
	}
	code := -1
	if cmd.ProcessState != nil {
		code = cmd.ProcessState.ExitCode()
	}
	return Output{stdout.String(), stderr.String(), code}
}

// Close ends the daemons and removes the world. A second call does nothing.
func (e *Env) Close() {
	e.daemons.stop()
	_ = os.RemoveAll(e.Dir)
}

// CloseAfter closes e at the end of a test. If that has failed it shows first what
// the daemons said.
func (e *Env) CloseAfter(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			for name, said := range e.logs() {
				t.Logf("%s said:\n%s", name, said)
			}
		}
		e.Close()
	})
}

// logs is what the daemons said on standard error, by the names of the files.
func (e *Env) logs() map[string]string {
	said := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(e.Dir, "*.log"))
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
			said[filepath.Base(file)] = string(text)
		}
	}
	return said
}
