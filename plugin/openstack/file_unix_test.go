// SPDX-License-Identifier: Apache-2.0

//go:build unix

package openstack

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOddFiles: whatever has the name of a file, Resolve ends and says so.
func TestOddFiles(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	cert, key := keyPair(t)
	write(t, filepath.Join(dir, "cert.pem"), cert+key)
	long := filepath.Join(dir, "long")
	if err := os.WriteFile(long, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(long, cloudsMax+1); err != nil {
		t.Fatal(err)
	}
	for odd, reason := range map[string]string{
		pipe: "not a regular file", dir: "not a regular file", "/dev/zero": "not a regular file", long: "longer than",
	} {
		inCloud := func(more string) Options {
			return Options{Cloud: "prod", Getenv: noEnv, File: write(t, filepath.Join(dir, "clouds.yaml"), alice("http://k", more))}
		}
		for as, o := range map[string]Options{
			"clouds.yaml": {Cloud: "prod", Getenv: noEnv, File: odd},
			"cacert":      inCloud("    cacert: " + odd),
			"cert":        inCloud("    cert: " + odd),
			"key":         inCloud("    cert: cert.pem\n    key: " + odd),
		} {
			wantRefused(t, as+" "+odd, o, reason)
		}
	}
}

// wantRefused waits no longer than a minute for a *ConfigError.
func wantRefused(t *testing.T, name string, o Options, reason string) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := Resolve(o)
		done <- err
	}()
	select {
	case err := <-done:
		if _, ok := errors.AsType[*ConfigError](err); !ok || !strings.Contains(fmt.Sprint(err), reason) {
			t.Errorf("%s: the error is %v", name, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("%s: hangs", name)
	}
}
