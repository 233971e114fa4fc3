// SPDX-License-Identifier: Apache-2.0

// Package openstack runs a real Keystone and a real Magnum on loopback for
// tests: those of Debian's packages, through the launcher beside this file,
// or a pair that somebody started elsewhere. See README.md.
//
// It refuses to install anything and to touch a pair it did not start. It
// makes no API stability promise.
package openstack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// notInstalled is how the launcher exits when the packages are missing.
const notInstalled = 3

// Pair is a Keystone and a Magnum. Its methods end the test when they fail,
// and skip it when the pair is somebody else's and can't be asked for that.
type Pair struct {
	// CloudsYAML is the path of a clouds.yaml with the clouds of README.md.
	CloudsYAML string

	dir string // the launcher's directory, "" for somebody else's pair
	ca  string // directory with ca.crt and ca.key of prod, for somebody else's
}

// Start starts a pair of its own for the test and removes it at the end. It
// takes some ten seconds.
//
// Without the packages the test is skipped; with "openstack" in E2E_REQUIRE it
// fails. If E2E_OPENSTACK_CLOUDS names the clouds.yaml of a running pair, that
// one is used, with its logs beside that file and prod's CA, as ca.crt and
// ca.key, in the directory E2E_OPENSTACK_CA.
func Start(t testing.TB) *Pair {
	t.Helper()
	if path := os.Getenv("E2E_OPENSTACK_CLOUDS"); path != "" {
		return &Pair{CloudsYAML: path, ca: os.Getenv("E2E_OPENSTACK_CA")}
	}
	p := &Pair{dir: filepath.Join(t.TempDir(), "openstack")}
	t.Cleanup(func() {
		if t.Failed() {
			p.logs(t)
		}
		if out, err := p.launcher("down", "--purge").CombinedOutput(); err != nil {
			t.Errorf("openstack down: %v: %s", err, out)
		}
	})
	p.Up(t)
	return p
}

// Up starts what Down stopped, at the same addresses.
func (p *Pair) Up(t testing.TB) {
	t.Helper()
	p.own(t)
	var stderr bytes.Buffer
	cmd := p.launcher("up")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		p.CloudsYAML = strings.TrimSpace(string(out))
	case required():
		t.Fatalf("openstack up: %v: %s", err, &stderr)
	case errors.As(err, &exit) && exit.ExitCode() == notInstalled:
		t.Skipf("%s", &stderr)
	case errors.As(err, &exit):
		t.Fatalf("openstack up: %v: %s", err, &stderr)
	default: // no Debian
		t.Skipf("openstack up: %v", err)
	}
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

// CA returns the CA that Magnum has now for the cluster, as PEM.
func (p *Pair) CA(t testing.TB, cluster string) (cert, key []byte) {
	t.Helper()
	dir := p.ca
	if dir == "" {
		dir = t.TempDir()
		p.run(t, "dump-ca", cluster, dir)
	}
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
	p.own(t)
	if out, err := p.launcher(args...).CombinedOutput(); err != nil {
		t.Fatalf("openstack %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// own skips the test if the pair is somebody else's.
func (p *Pair) own(t testing.TB) {
	t.Helper()
	if p.dir == "" {
		t.Skip("needs a pair of its own, and E2E_OPENSTACK_CLOUDS is set")
	}
}

func (p *Pair) launcher(args ...string) *exec.Cmd {
	_, file, _, _ := runtime.Caller(0)
	cmd := exec.Command(filepath.Join(filepath.Dir(file), "openstack"), args...)
	cmd.Env = append(os.Environ(), "OPENSTACK_E2E_DIR="+p.dir)
	return cmd
}

// logs shows what the services last said.
func (p *Pair) logs(t testing.TB) {
	for _, name := range []string{"keystone.log", "magnum.log"} {
		data, err := os.ReadFile(filepath.Join(p.dir, name))
		if err != nil {
			continue
		}
		const last = 4000
		t.Log(fmt.Sprintf("%s:\n%s", name, data[max(0, len(data)-last):]))
	}
}

func required() bool {
	return slices.Contains(strings.Split(os.Getenv("E2E_REQUIRE"), ","), "openstack")
}
