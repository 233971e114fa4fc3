// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

// keyringStates are what a keyring can be like.
var keyringStates = map[string]secretservicetest.State{
	"open":    {Login: true},
	"locked":  {Login: true, Locked: true},
	"absent":  {Absent: true},
	"asks":    {Login: true, PromptToDelete: true},
	"hung":    {Login: true},
	"refuses": {Login: true},
}

// cmdKeyring gives the user a session bus with a keyring on it, in place of the
// store of other scripts, or changes that: keyring STATE. With "holds N" it
// tests how many items there are, with "quiet" that it was never asked for what
// opens a dialog.
func cmdKeyring(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	if w.keyring == nil {
		var err error
		if w.keyring, err = secretservicetest.Start(); err != nil {
			ts.Fatalf("%v", err)
		}
		ts.Defer(w.keyring.Close)
		ts.Setenv("DBUS_SESSION_BUS_ADDRESS", w.keyring.Address)
		ts.Setenv("TEST_STORE", "")
		ts.Setenv("KUBECTL_MAGNUM_CACHE", "keyring")
	}
	switch args[0] {
	case "holds":
		if n := w.keyring.Len(); strconv.Itoa(n) != args[1] {
			ts.Fatalf("the keyring holds %d items, want %s", n, args[1])
		}
		return
	case "quiet":
		for _, call := range w.keyring.Calls() {
			if call == "Prompt" {
				ts.Fatalf("the keyring was to open a dialog: %v", w.keyring.Calls())
			}
		}
		return
	}
	state, ok := keyringStates[args[0]]
	if !ok {
		ts.Fatalf("no state %q", args[0])
	}
	w.keyring.Set(state)
	w.keyring.Mend()
	if args[0] == "refuses" {
		w.keyring.Fail("Delete", secretservicetest.Fault{Error: "org.freedesktop.DBus.Error.AccessDenied"})
	}
	if args[0] == "hung" {
		w.keyring.Fail("AUTH", secretservicetest.Fault{Hang: true})
	}
}

// cmdKeys tests how many records the store of scripts holds: keys N.
func cmdKeys(ts *testscript.TestScript, _ bool, args []string) {
	keys, err := dirStore(ts.Getenv("TEST_STORE")).Keys(context.Background())
	if err != nil || strconv.Itoa(len(keys)) != args[0] {
		ts.Fatalf("the store holds %q, %v, want %s", keys, err, args[0])
	}
}
