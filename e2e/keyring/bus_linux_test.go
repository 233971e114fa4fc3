// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

const (
	busVar      = "DBUS_SESSION_BUS_ADDRESS"
	busName     = "org.freedesktop.DBus"
	secretsName = "org.freedesktop.secrets"
	loginPath   = "/org/freedesktop/secrets/collection/login"
	poll        = 5 * time.Millisecond
	// keyringWithin is what a keyring that works may take to do something.
	keyringWithin = 20 * time.Second
)

// connect connects the test itself to a bus, until it ends.
func connect(t *testing.T, address string) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(address, dbus.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// pid returns the process that owns a name on the bus.
func pid(t *testing.T, bus *dbus.Conn, name string) int {
	t.Helper()
	var id uint32
	if err := bus.BusObject().Call("org.freedesktop.DBus.GetConnectionUnixProcessID", 0, name).Store(&id); err != nil {
		t.Fatal(err)
	}
	return int(id)
}

func owned(t *testing.T, bus *dbus.Conn, name string) bool {
	t.Helper()
	var owned bool
	if err := bus.BusObject().Call("org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned); err != nil {
		t.Fatal(err)
	}
	return owned
}

// secrets is the Secret Service on a connection that may then be used for
// everything.
func secrets(t *testing.T, bus *dbus.Conn) dbus.BusObject {
	t.Helper()
	service := bus.Object(secretsName, "/org/freedesktop/secrets")
	// docs/adr/0004-keyring-deadline.md: the first call must be a property.
	if _, err := service.GetProperty("org.freedesktop.Secret.Service.Collections"); err != nil {
		t.Fatal(err)
	}
	return service
}

// lock locks the login collection.
func lock(t *testing.T, bus *dbus.Conn) {
	t.Helper()
	if err := secrets(t, bus).Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{loginPath}).Err; err != nil {
		t.Fatal(err)
	}
}

// kill ends a process with SIGKILL and waits until the bus has noticed.
func kill(t *testing.T, bus *dbus.Conn, name string) {
	t.Helper()
	signal(t, pid(t, bus, name), syscall.SIGKILL)
	for owned(t, bus, name) {
		wait(t.Context(), t)
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// stop stops a process with SIGSTOP until the test ends.
func stop(t *testing.T, pid int) {
	t.Helper()
	signal(t, pid, syscall.SIGSTOP)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
}

// newcomer returns a channel that is closed when somebody has joined the bus.
func newcomer(t *testing.T, bus *dbus.Conn) <-chan struct{} {
	t.Helper()
	if err := bus.AddMatchSignal(dbus.WithMatchInterface(busName), dbus.WithMatchMember("NameOwnerChanged")); err != nil {
		t.Fatal(err)
	}
	signals, joined := make(chan *dbus.Signal, 16), make(chan struct{})
	bus.Signal(signals)
	go func() {
		defer close(joined)
		for s := range signals { // until somebody came or the bus is gone
			var name, before, now string
			if dbus.Store(s.Body, &name, &before, &now) == nil && name == now {
				return
			}
		}
	}()
	return joined
}

// wait lets a moment pass in a loop that looks for something.
func wait(ctx context.Context, t *testing.T) {
	t.Helper()
	select {
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	case <-time.After(poll):
	}
}

// desktopBus starts a bus that starts services as a desktop's does, with
// nothing on it yet, and puts the user on it. which is the option that names
// its configuration.
func desktopBus(t *testing.T, e *env.Env, which string) *dbus.Conn {
	t.Helper()
	a := "unix:path=" + filepath.Join(e.Runtime, "desktop-bus")
	cmd := exec.CommandContext(t.Context(), "dbus-daemon", which, "--nofork", "--nopidfile", "--print-address", "--address="+a)
	cmd.Env = e.Environ()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// With the services that it has started.
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	if _, err := fmt.Fscanln(out, new(string)); err != nil {
		t.Fatal(err)
	}
	e.Setenv(busVar, a)
	return connect(t, a)
}
