// SPDX-License-Identifier: Apache-2.0

// Package keyring_test holds the plugin to its word on a real gnome-keyring
// under a real kubectl: whatever state the keyring is in, kubectl gets its
// credential, soon, and no daemon is left behind.
package keyring_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/cluster"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/mainjob"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

const (
	// hang is how long a keyring that does not answer holds up a call: once
	// to read, once to write.
	hang = 2 * time.Second
	// busy is what a loaded machine may add.
	busy = 2 * time.Second
)

// fault brings the user's keyring into a state. It may return what is to
// happen while kubectl runs.
type fault struct {
	name  string
	bring func(t *testing.T, e *env.Env) (meanwhile func())
	slow  bool // the keyring does not answer
}

var faults = []fault{
	{name: "locked", bring: locked},
	{name: "absent", bring: absent},
	{name: "absent and not to be started", bring: notStarted},
	{name: "killed in the middle of a call", bring: killed},
	{name: "stopped", bring: stopped, slow: true},
	{name: "bus stopped", bring: busStopped, slow: true},
	{name: "no bus", bring: noBus},
	{name: "no bus and dbus-launch in PATH", bring: launchable},
}

func TestKubectlGetsItsCredentialWhateverTheKeyringDoes(t *testing.T) {
	require.Tool(t, "keyring", env.MissingKeyring())
	adopt(t)
	programs := mainjob.Build(t)
	openstack := mainjob.Double(t, magnumtest.Options{})
	c, err := cluster.Start(t.Context(), cluster.Options{Etcd: programs.Etcd, APIServer: programs.APIServer, CA: openstack.CA})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	openstack.SetAPIAddress(t, c.Server())
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) { suffer(t, f, openstack, programs) })
	}
}

func suffer(t *testing.T, f fault, openstack mainjob.OpenStack, programs mainjob.Programs) {
	e, err := env.New(t.Context(), env.Options{
		Kubectl: programs.Kubectl, Plugin: programs.Plugin,
		CloudsYAML: openstack.CloudsYAML, Cloud: openstack.Cloud, Keyring: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	kubectl(t, e, "magnum", "config", openstack.Cluster)
	e.Setenv("KUBECTL_MAGNUM_CACHE", "none")
	usual := kubectl(t, e, "get", "ns")
	e.Setenv("KUBECTL_MAGNUM_CACHE", "keyring")

	meanwhile := f.bring(t, e)
	running := daemons(t)
	asked := len(openstack.Requests(t))
	if meanwhile != nil {
		go meanwhile()
	}
	took := kubectl(t, e, "get", "ns")

	most := usual + busy
	if f.slow {
		most += hang
	}
	if took > most {
		t.Errorf("kubectl took %v, want at most %v (without a keyring: %v)", took, most, usual)
	}
	// A hit would mean that the keyring was not in the state it should be in.
	got, want := openstack.Requests(t)[asked:], []string{"POST /v3/auth/tokens", "POST /v1/certificates"}
	if !slices.EqualFunc(got, want, strings.HasSuffix) {
		t.Errorf("OpenStack was asked %q, want %q", got, want)
	}
	for _, d := range daemons(t) {
		if !slices.Contains(running, d) {
			t.Errorf("%s was started", d)
			if id, err := strconv.Atoi(d[strings.LastIndexByte(d, ' ')+1:]); err == nil {
				_ = syscall.Kill(id, syscall.SIGKILL)
			}
		}
	}
}

// kubectl runs kubectl, which must succeed in silence, and returns how long it
// took.
func kubectl(t *testing.T, e *env.Env, args ...string) time.Duration {
	t.Helper()
	start := time.Now()
	out := e.Run(t.Context(), "kubectl", args...)
	took := time.Since(start)
	if out.Code != 0 || out.Stderr != "" {
		t.Fatalf("kubectl %s: exit status %d\n%s", strings.Join(args, " "), out.Code, out.Stderr)
	}
	return took
}

func locked(t *testing.T, e *env.Env) func() {
	lock(t, connect(t, e.BusAddress()))
	return nil
}

func absent(t *testing.T, e *env.Env) func() {
	kill(t, connect(t, e.BusAddress()), secretsName)
	return nil
}

// notStarted puts the user on a bus that would start gnome-keyring for
// whoever asks for it.
func notStarted(t *testing.T, e *env.Env) func() {
	bus := desktopBus(t, e)
	var activatable []string
	if err := bus.BusObject().Call("org.freedesktop.DBus.ListActivatableNames", 0).Store(&activatable); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(activatable, secretsName) {
		t.Skip("gnome-keyring is not installed as a D-Bus service")
	}
	return nil
}

// killed ends the daemon when it has been called and could not answer yet.
func killed(t *testing.T, e *env.Env) func() {
	bus := connect(t, e.BusAddress())
	daemon := pid(t, bus, secretsName)
	stop(t, daemon)
	called := newcomer(t, bus)
	return func() {
		<-called
		_ = syscall.Kill(daemon, syscall.SIGKILL)
	}
}

func stopped(t *testing.T, e *env.Env) func() {
	stop(t, pid(t, connect(t, e.BusAddress()), secretsName))
	return nil
}

func busStopped(t *testing.T, e *env.Env) func() {
	stop(t, pid(t, connect(t, e.BusAddress()), busName))
	return nil
}

func noBus(_ *testing.T, e *env.Env) func() {
	e.Setenv(busVar, "unix:path="+filepath.Join(e.Runtime, "gone"))
	return nil
}

// launchable leaves the plugin nothing but dbus-launch, which works.
func launchable(t *testing.T, e *env.Env) func() {
	for _, found := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), found)); err == nil {
			t.Skip("this user has a session bus, which the plugin would find")
		}
	}
	for _, program := range []string{"dbus-launch", "dbus-daemon"} {
		path, err := exec.LookPath(program)
		require.Tool(t, "keyring", err)
		if err := os.Symlink(path, filepath.Join(e.Bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	e.Setenv(busVar, "autolaunch:")
	return nil
}
