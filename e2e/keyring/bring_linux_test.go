// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

func locked(t *testing.T, w *world) { lock(t, connect(t, w.BusAddress())) }

// lockedWithPrompter also shows that a prompt would have been noticed.
func lockedWithPrompter(t *testing.T, w *world) {
	bus := connect(t, w.BusAddress())
	lock(t, bus)
	p := startPrompter(t, w.BusAddress())
	w.after = func() {
		p.wantUnasked(t)
		p.openPrompt(t, bus)
	}
}

func killed(t *testing.T, w *world) { kill(t, connect(t, w.BusAddress()), secretsName) }

// killedMeanwhile ends the daemon when it has been called and could not answer
// yet.
func killedMeanwhile(t *testing.T, w *world) {
	bus := connect(t, w.BusAddress())
	daemon := pid(t, bus, secretsName)
	stop(t, daemon)
	w.meanwhile = killOnCall(t, bus, daemon)
}

// busKilled ends the bus while the daemon has not answered yet.
func busKilled(t *testing.T, w *world) {
	bus := connect(t, w.BusAddress())
	stop(t, pid(t, bus, secretsName))
	w.meanwhile = killOnCall(t, bus, pid(t, bus, busName))
}

// busKilledDuringPrompt is what go-keyring panics on, if the prompt is its own.
func busKilledDuringPrompt(t *testing.T, w *world) {
	bus := connect(t, w.BusAddress())
	lock(t, bus)
	p := startPrompter(t, w.BusAddress())
	p.openPrompt(t, bus)
	w.after = func() { p.wantUnasked(t) }
	busKilled(t, w)
}

// killOnCall returns what waits until somebody comes to the bus and then ends a
// process.
func killOnCall(t *testing.T, bus *dbus.Conn, pid int) func() {
	t.Helper()
	called := newcomer(t, bus)
	return func() {
		<-called
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// notStarted puts the user on a bus that would start gnome-keyring for
// whoever asks for it.
func notStarted(t *testing.T, w *world) {
	if !slices.Contains(startable(t, desktopBus(t, w.Env, "--session")), secretsName) {
		t.Skip("gnome-keyring is not installed as a D-Bus service")
	}
}

// vainConfig is a bus that starts the service in a directory, and waits two
// minutes for it to come up, as Debian's does.
const vainConfig = `<busconfig>
  <type>session</type>
  <listen>unix:path=%[1]s/vain-bus</listen>
  <servicedir>%[1]s</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="service_start_timeout">120000</limit>
</busconfig>
`

// startedInVain puts the user on a bus that would start a shell for whoever asks
// for the keyring.
func startedInVain(script string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		ran, config := filepath.Join(w.Dir, "ran"), filepath.Join(w.Dir, "vain.conf")
		write(t, config, fmt.Sprintf(vainConfig, w.Dir))
		write(t, filepath.Join(w.Dir, secretsName+".service"), fmt.Sprintf(
			"[D-BUS Service]\nName=%s\nExec=/bin/sh -c \": >'%s'; PATH=/bin:/usr/bin; %s\"\n", secretsName, ran, script))
		if !slices.Contains(startable(t, desktopBus(t, w.Env, "--config-file="+config)), secretsName) {
			t.Fatal("the bus does not know the service")
		}
		w.after = func() {
			if _, err := os.Stat(ran); err == nil {
				t.Error("the service was started")
			}
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func startable(t *testing.T, bus *dbus.Conn) []string {
	t.Helper()
	var names []string
	if err := bus.BusObject().Call("org.freedesktop.DBus.ListActivatableNames", 0).Store(&names); err != nil {
		t.Fatal(err)
	}
	return names
}

func stopped(t *testing.T, w *world) { stop(t, pid(t, connect(t, w.BusAddress()), secretsName)) }

func busStopped(t *testing.T, w *world) { stop(t, pid(t, connect(t, w.BusAddress()), busName)) }

// busMute puts the user on a bus that takes connections and never says a word.
func busMute(t *testing.T, w *world) {
	path := filepath.Join(w.Runtime, "mute")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }() // all of them, at the end
		}
	}()
	w.Setenv(busVar, "unix:path="+path)
}

func noBus(_ *testing.T, w *world) { w.Setenv(busVar, "unix:path="+filepath.Join(w.Runtime, "gone")) }

// launchable leaves the plugin nothing but dbus-launch, which works.
func launchable(t *testing.T, w *world) {
	for _, found := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), found)); err == nil {
			t.Skip("this user has a session bus, which the plugin would find")
		}
	}
	for _, program := range []string{"dbus-launch", "dbus-daemon"} {
		path, err := exec.LookPath(program)
		require.Tool(t, "keyring", err)
		if err := os.Symlink(path, filepath.Join(w.Bin, program)); err != nil {
			t.Fatal(err)
		}
	}
	w.Setenv(busVar, "autolaunch:")
}
