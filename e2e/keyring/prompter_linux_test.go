// SPDX-License-Identifier: Apache-2.0

package keyring_test

import (
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	prompterName = "org.gnome.keyring.SystemPrompter"
	prompterPath = "/org/gnome/keyring/Prompter"
)

// prompter is what gnome-keyring has ask people, on their screen; this one needs
// none, and nobody ever answers it.
type prompter struct{ opened chan dbus.ObjectPath }

// startPrompter puts a prompter on the bus, until the test ends.
func startPrompter(t *testing.T, address string) *prompter {
	t.Helper()
	p := &prompter{opened: make(chan dbus.ObjectPath, 100)}
	bus := connect(t, address)
	if err := bus.Export(p, prompterPath, "org.gnome.keyring.internal.Prompter"); err != nil {
		t.Fatal(err)
	}
	if reply, err := bus.RequestName(prompterName, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		t.Fatalf("own %s: %v, %v", prompterName, reply, err)
	}
	return p
}

// BeginPrompting is the first that a prompter is asked for.
func (p *prompter) BeginPrompting(callback dbus.ObjectPath) *dbus.Error {
	p.opened <- callback
	return nil
}

// wantUnasked fails the test if a prompt was opened.
func (p *prompter) wantUnasked(t *testing.T) {
	t.Helper()
	if n := len(p.opened); n > 0 {
		t.Errorf("%d prompts were opened", n)
	}
}

// openPrompt has another program ask for the login collection, as go-keyring
// does, and waits for the prompt.
func (p *prompter) openPrompt(t *testing.T, bus *dbus.Conn) {
	t.Helper()
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	if err := secrets(t, bus).Call("org.freedesktop.Secret.Service.Unlock", 0, []dbus.ObjectPath{loginPath}).Store(&unlocked, &prompt); err != nil {
		t.Fatal(err)
	}
	if err := bus.Object(secretsName, prompt).Call("org.freedesktop.Secret.Prompt.Prompt", 0, "").Err; err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.opened:
	case <-time.After(keyringWithin):
		t.Fatal("no prompt opens, whoever asks")
	}
}
