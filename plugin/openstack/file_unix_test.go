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
		inCloud := func(more string) string { return write(t, filepath.Join(dir, "clouds.yaml"), alice("http://k", more)) }
		for _, as := range []struct {
			key  string
			file func() string
		}{
			{"the file", func() string { return odd }},
			{"cacert", func() string { return inCloud("    cacert: " + odd) }},
			{"cert", func() string { return inCloud("    cert: " + odd) }},
			{"key", func() string { return inCloud("    cert: cert.pem\n    key: " + odd) }},
		} {
			wantRefused(t, as.key+" "+odd, Options{Cloud: "prod", Getenv: noEnv, File: as.file()}, reason)
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
