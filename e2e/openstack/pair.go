// SPDX-License-Identifier: Apache-2.0

// Package openstack runs a real Keystone and a real Magnum on loopback for
// tests: those of Debian's packages, through the launcher beside this file,
// or a pair that somebody started elsewhere. See README.md.
//
// It refuses to install anything and to touch a pair it did not start. It
// makes no API stability promise.
package openstack

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

// notInstalled is how the launcher exits when the packages are missing.
const notInstalled = 3

// Pair is a Keystone and a Magnum. Its methods end the test when they fail,
// and skip it when the pair is somebody else's and can't be asked for that.
type Pair struct {
	// CloudsYAML is the path of a clouds.yaml with the clouds of README.md.
	CloudsYAML string

	program string // the launcher, "" if there is none
	dir     string // its OPENSTACK_E2E_DIR, "" for somebody else's pair
}

// Start starts a pair of its own for the test and removes it at the end. It
// takes some ten seconds.
//
// Without the packages the test is skipped; with "openstack" in E2E_REQUIRE it
// fails. If E2E_OPENSTACK_CLOUDS names the clouds.yaml of a running pair, that
// one is used, with its access logs beside that file. E2E_OPENSTACK_LAUNCHER
// is then the program that takes the launcher's commands for it.
func Start(t testing.TB) *Pair {
	t.Helper()
	if path := os.Getenv("E2E_OPENSTACK_CLOUDS"); path != "" {
		return &Pair{CloudsYAML: path, program: os.Getenv("E2E_OPENSTACK_LAUNCHER")}
	}
	_, source, _, _ := runtime.Caller(0)
	p := &Pair{
		program: filepath.Join(filepath.Dir(source), "openstack"),
		dir:     filepath.Join(t.TempDir(), "openstack"),
	}
	p.start(t)
	return p
}

// start starts a pair that ends with this process, whatever ends that.
func (p *Pair) start(t testing.TB) {
	t.Helper()
	cmd := p.launcher(t, "up", "--until-eof")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil { // no Debian
		require.Tool(t, "openstack", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		err = cmd.Wait()
		if cmd.ProcessState.ExitCode() == notInstalled {
			require.Tool(t, "openstack", errors.New(stderr.String()))
		}
		t.Fatalf("openstack up: %v: %s", err, &stderr)
	}
	p.CloudsYAML = strings.TrimSuffix(line, "\n")
	t.Cleanup(func() {
		if t.Failed() {
			p.logs(t)
		}
		stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("openstack up: %v: %s", err, &stderr)
		}
	})
}

// Up starts what Down stopped, at the same addresses.
func (p *Pair) Up(t testing.TB) {
	t.Helper()
	p.run(t, "up")
}

// Down stops both. They forget nothing.
func (p *Pair) Down(t testing.TB) {
	t.Helper()
	p.run(t, "down")
}

// Set turns a knob of README.md, effective at once.
func (p *Pair) Set(t testing.TB, knob, value string) {
	t.Helper()
	p.run(t, "set", knob+"="+value)
}

// SetCluster writes a field of the cluster's row in Magnum's database. The
// value is JSON, or a string that is not.
func (p *Pair) SetCluster(t testing.TB, cluster, field, value string) {
	t.Helper()
	p.run(t, "set-cluster", cluster, field+"="+value)
}

// AddUser adds a member of the clusters' project and a cloud of that name.
func (p *Pair) AddUser(t testing.TB, name, password string) {
	t.Helper()
	p.run(t, "add-user", "--password", password, "--", name)
}

// ExpirePassword has Keystone take the user's password for one that had to be
// changed by now.
func (p *Pair) ExpirePassword(t testing.TB, name string) {
	t.Helper()
	p.run(t, "expire-password", "--", name)
}

// CA returns the CA that Magnum has now for the cluster, as PEM.
func (p *Pair) CA(t testing.TB, cluster string) (cert, key []byte) {
	t.Helper()
	dir := t.TempDir()
	p.run(t, "dump-ca", cluster, dir)
	cert, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	key, err = os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func (p *Pair) run(t testing.TB, args ...string) {
	t.Helper()
	if out, err := p.launcher(t, args...).CombinedOutput(); err != nil {
		t.Fatalf("openstack %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (p *Pair) launcher(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	if p.program == "" {
		t.Skip("E2E_OPENSTACK_CLOUDS names a pair, E2E_OPENSTACK_LAUNCHER not who could change it")
	}
	cmd := exec.Command(p.program, args...)
	if p.dir != "" {
		cmd.Env = append(os.Environ(), "OPENSTACK_E2E_DIR="+p.dir)
	}
	return cmd
}

// logs shows what the services complained about. A request they refused is
// among it, with a traceback, of which this keeps the first line.
func (p *Pair) logs(t testing.TB) {
	for _, name := range []string{"keystone.log", "magnum.log"} {
		data, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if strings.Contains(line, " ERROR ") && strings.Contains(line, " req-") {
				t.Logf("%s: %s", name, line)
			}
		}
	}
}
