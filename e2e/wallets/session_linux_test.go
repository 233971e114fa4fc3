// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
	"github.com/kubectl-magnum/kubectl-magnum/e2e/require"
)

const (
	busVar = "DBUS_SESSION_BUS_ADDRESS"
	poll   = 10 * time.Millisecond
	// within is how long anything may take that a desktop program does.
	within = 30 * time.Second

	secretsName = "org.freedesktop.secrets"
)

// requirePrograms skips the test where one of them is not installed.
func requirePrograms(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		_, err := exec.LookPath(name)
		require.Tool(t, "wallets", err)
	}
}

// newSession makes a user with a session bus that has nothing on it yet, and
// puts the test on that bus too.
func newSession(t *testing.T) *env.Env {
	t.Helper()
	e, err := env.New(t.Context(), env.Options{Kubectl: os.Args[0], Plugin: os.Args[0], Bus: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(busVar, e.BusAddress())
	t.Cleanup(func() {
		if t.Failed() {
			logDaemons(t, e)
		}
		e.Close()
		// All stores of a process share go-keyring's connection: the next one
		// must not be given this one's.
		if conn, err := dbus.SessionBus(); err == nil {
			<-conn.Context().Done()
		}
	})
	return e
}

// logDaemons logs the last words of each daemon.
func logDaemons(t *testing.T, e *env.Env) {
	t.Helper()
	const most = 2000
	logs, _ := filepath.Glob(filepath.Join(e.Dir, "*.log"))
	for _, log := range logs {
		text, _ := os.ReadFile(log)
		t.Logf("%s: %s", filepath.Base(log), text[max(0, len(text)-most):])
	}
}

// start starts a daemon and waits until name on the bus is its own.
func start(t *testing.T, e *env.Env, name, program string, args ...string) *env.Daemon {
	t.Helper()
	d, err := e.Daemon("", program, args...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if err := e.Await(ctx, name); err != nil {
		t.Fatal(err)
	}
	return d
}

// connect connects the test itself to the user's bus, until it ends.
func connect(t *testing.T, e *env.Env) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(e.BusAddress(), dbus.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// secrets is the Secret Service.
func secrets(bus *dbus.Conn) dbus.BusObject {
	return bus.Object(secretsName, "/org/freedesktop/secrets")
}

// call makes a call that must succeed and stores what it answers.
func call(t *testing.T, object dbus.BusObject, method string, args []any, into ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	if err := object.CallWithContext(ctx, method, 0, args...).Store(into...); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
}

// leave makes go-keyring come to the service as a new client the next time,
// like another process.
func leave(t *testing.T) {
	t.Helper()
	conn, err := dbus.SessionBus()
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	<-conn.Context().Done()
}
