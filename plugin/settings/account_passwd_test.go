// SPDX-License-Identifier: Apache-2.0

//go:build !darwin && !windows

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Neither HOME nor USER has a part in it, and what is not known is not guessed.
func TestLookUpIgnoresTheEnvironment(t *testing.T) {
	t.Setenv("HOME", "/evil")
	t.Setenv("USER", "mallory")
	dir := t.TempDir()
	passwd, getent := filepath.Join(dir, "passwd"), filepath.Join(dir, "getent")
	if err := os.WriteFile(passwd, []byte("root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n\n"+
		"short:x:7:7\n:x:8:8::/home/none:/bin/sh\nrelative:x:9:9::home:/bin/sh\nempty:x:10:10:::/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	script := "#!/bin/sh\n[ \"$HOME$USER\" = '' ] && [ \"$1 $2\" = 'passwd 2000' ] && echo 'bob:*:2000:2000:Bob:/home/bob:/bin/sh'\n"
	if err := os.WriteFile(getent, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for uid, want := range map[int]Account{
		0: {Name: "root", Home: "/root"}, 1000: {Name: "alice", Home: "/home/alice", UID: 1000}, 2000: {Name: "bob", Home: "/home/bob", UID: 2000},
	} {
		if got, err := lookUp(uid, passwd, getent); err != nil || got != want {
			t.Errorf("%d: got %+v, %v", uid, got, err)
		}
	}
	for _, uid := range []int{7, 8, 9, 10, 100, 200, -1} {
		if got, err := lookUp(uid, passwd, "/nowhere/getent", getent); !errors.As(err, new(*NoAccountError)) || got != (Account{}) {
			t.Errorf("%d: got %+v, %v", uid, got, err)
		}
	}
	if _, err := lookUp(2000, filepath.Join(dir, "none"), "/nowhere/getent"); !errors.As(err, new(*NoAccountError)) {
		t.Errorf("no database: %v", err)
	}
	if got, err := LookUp(os.Getuid()); err == nil && got.Home == "/evil" {
		t.Errorf("HOME is believed: %+v", got)
	}
}
