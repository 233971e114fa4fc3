// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
)

// dbus-launch leaves a daemon behind on every call, so nothing may ever come to
// it, whatever the address is.
func TestNoBusIsStarted(t *testing.T) {
	wantNoLaunch(t)
	gone := filepath.Join(t.TempDir(), "gone")
	for _, address := range []string{
		"", "autolaunch:", "autolaunch:scope=user", "disabled:", "garbage", "unix:", "unix:path=" + gone,
		"unix:abstract=kubectl-magnum-nobody", "unix:path=" + gone + ";autolaunch:", "unixexec:path=dbus-launch",
	} {
		t.Setenv(busVar, address)
		k := &cache.Keyring{Getenv: os.Getenv, UID: nobody}
		for _, op := range operations {
			if err := inTime(t, op, k); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("%s with the bus %q: %v, want ErrUnavailable", op.name, address, err)
			}
		}
	}
}

// go-keyring looks for the bus by itself, and must find the one we found.
func TestGoKeyringUsesTheBusThatWeFound(t *testing.T) {
	wantNoLaunch(t)
	server, k := serve(t)
	k.Getenv = func(string) string { return server.Address }
	t.Setenv(busVar, "")
	for _, op := range operations[1:] {
		if err := op.call(t.Context(), k); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
}

func TestFirstBusThatIsThereIsUsed(t *testing.T) {
	server, k := serve(t)
	server.Add("login", "kubectl-magnum", "k", []byte("old"))
	address := "unix:path=" + filepath.Join(t.TempDir(), "gone") + ";" + server.Address
	k.Getenv = func(string) string { return address }
	for _, op := range operations {
		if err := op.call(t.Context(), k); err != nil {
			t.Errorf("%s: %v", op.name, err)
		}
	}
	if got := os.Getenv(busVar); got != server.Address {
		t.Errorf("go-keyring is left to choose from %q, want %q", got, server.Address)
	}
}

// wantNoLaunch puts a dbus-launch first in PATH that must not run until the
// test ends.
func wantNoLaunch(t *testing.T) {
	t.Helper()
	bin := t.TempDir()
	ran := filepath.Join(bin, "ran")
	stub := fmt.Sprintf("#!/bin/sh\n: >'%s'\n", ran)
	if err := os.WriteFile(filepath.Join(bin, "dbus-launch"), []byte(stub), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Cleanup(func() {
		if _, err := os.Stat(ran); err == nil {
			t.Error("dbus-launch was run")
		}
	})
}

func TestBusElsewhereIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	addr := listener.Addr().(*net.TCPAddr)
	tcp := fmt.Sprintf("tcp:host=127.0.0.1,port=%d", addr.Port)
	for _, address := range []string{tcp, "unix:path=/nonexistent;" + tcp, "nonce-" + tcp} {
		k := &cache.Keyring{Getenv: func(string) string { return address }, UID: nobody}
		for _, op := range operations {
			if err := op.call(t.Context(), k); !errors.Is(err, cache.ErrUnavailable) {
				t.Errorf("%s over %q: %v, want ErrUnavailable", op.name, address, err)
			}
		}
	}
	if err := listener.(*net.TCPListener).SetDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if conn, err := listener.Accept(); err == nil {
		t.Errorf("%v connected", conn.RemoteAddr())
	}
}
