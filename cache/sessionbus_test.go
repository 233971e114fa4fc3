// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/godbus/dbus/v5"
)

func TestBusIn(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  func(dir string) string
	}{
		{"nothing", nil, func(string) string { return "" }},
		{
			"the socket",
			map[string]string{"bus": "", "dbus-session": "unix:path=/not/this"},
			func(dir string) string {
				return "unix:path=" + dbus.EscapeBusAddressValue(filepath.Join(dir, "bus"))
			},
		},
		{
			"the file of an older session",
			map[string]string{"dbus-session": busVar + "=unix:abstract=/a,guid=1\nDBUS_SESSION_BUS_PID=7\n"},
			func(string) string { return "unix:abstract=/a,guid=1" },
		},
		{"an empty file", map[string]string{"dbus-session": ""}, func(string) string { return "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range c.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := busIn(dir), c.want(dir); got != want {
				t.Errorf("busIn = %q, want %q", got, want)
			}
		})
	}
}

func TestChooseBus(t *testing.T) {
	empty, full := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "dbus-session"), []byte("unix:path=/found\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, named, dir string
		want             string
		err              error
	}{
		{"named", "unix:path=/named,guid=1", full, "unix:path=/named,guid=1", nil},
		{"not named", "", full, "unix:path=/found", nil},
		{"to be launched", "autolaunch:", full, "unix:path=/found", nil},
		{"to be launched somewhere", "autolaunch:scope=user", full, "unix:path=/found", nil},
		{"nowhere", "", empty, "", errNoBus},
		{"to be launched and nowhere", "autolaunch:", empty, "", errNoBus},
		{"elsewhere", "tcp:host=localhost,port=1", full, "", errRemoteBus},
		{"perhaps elsewhere", "unix:path=/a;tcp:host=localhost,port=1", full, "", errRemoteBus},
		{"elsewhere with a path", "tcp:host=localhost,path=/a", full, "", errRemoteBus},
		{"a program", "unixexec:path=/bin/true", full, "", errRemoteBus},
		{"no socket", "unix:guid=1", full, "", errRemoteBus},
		{"an empty path", "unix:path=", full, "", errRemoteBus},
		{"a bad escape", "unix:path=%zz", full, "", errRemoteBus},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := chooseBus(c.named, c.dir)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("chooseBus = %q, %v, want %q, %v", got, err, c.want, c.err)
			}
			if err != nil && !errors.Is(err, ErrUnavailable) {
				t.Errorf("err = %v, want ErrUnavailable", err)
			}
		})
	}
}

func TestSocketOf(t *testing.T) {
	for address, want := range map[string]string{
		"unix:path=/run/user/1/bus":      "/run/user/1/bus",
		"unix:guid=1,path=/a":            "/a",
		"unix:path=/with%20blank%2cetc":  "/with blank,etc",
		"unix:abstract=/tmp/dbus-x,guid": "@/tmp/dbus-x",
	} {
		if got, err := socketOf(address); got != want || err != nil {
			t.Errorf("socketOf(%q) = %q, %v, want %q", address, got, err, want)
		}
	}
}
