// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
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
