// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"context"
	"crypto/rand"
	"testing"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

const (
	kwalletName = "org.kde.kwalletd5"
	kwalletFile = "kdewallet" // the default
	// kwalletHash is the length of what PAM makes of the login password.
	kwalletHash = 56

	kwalletCollection = dbus.ObjectPath("/org/freedesktop/secrets/collection/kdewallet")
)

// openKWallet gives the user a KWallet that some application has unlocked.
func openKWallet(t *testing.T) *env.Env {
	t.Helper()
	e := logIntoKWallet(t)
	unlockKWallet(t, connect(t, e))
	return e
}

// logIntoKWallet gives the user a KWallet that was opened at login, by PAM.
// There is no other way to make a wallet without a dialog.
func logIntoKWallet(t *testing.T) *env.Env {
	t.Helper()
	requirePrograms(t, "dbus-daemon", "kwalletd5")
	e := newSession(t)
	e.Setenv("QT_QPA_PLATFORM", "offscreen")
	password := make([]byte, kwalletHash)
	_, _ = rand.Read(password)
	first := start(t, e, kwalletName, "kwalletd5")
	pamOpen(t, connect(t, e), password)
	// The Secret Service knows the wallets that were there when it started,
	// so that the user has to log in once more.
	first.Stop()
	start(t, e, kwalletName, "kwalletd5")
	pamOpen(t, connect(t, e), password)
	return e
}

func pamOpen(t *testing.T, bus *dbus.Conn, password []byte) {
	t.Helper()
	wallets := bus.Object(kwalletName, "/modules/kwalletd5")
	call(t, wallets, "org.kde.KWallet.pamOpen", []any{kwalletFile, password, int32(0)})
	var open bool
	call(t, wallets, "org.kde.KWallet.isOpen", []any{kwalletFile}, &open)
	if !open {
		t.Fatal("PAM could not open the wallet")
	}
}

// unlockKWallet does what libsecret does for the first application that wants
// a secret. KWallet answers without a dialog, since the wallet is open.
func unlockKWallet(t *testing.T, bus *dbus.Conn) {
	t.Helper()
	var unlocked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	call(t, secrets(bus), "org.freedesktop.Secret.Service.Unlock", []any{[]dbus.ObjectPath{kwalletCollection}}, &unlocked, &prompt)
	if err := bus.AddMatchSignalContext(t.Context(), dbus.WithMatchObjectPath(prompt)); err != nil {
		t.Fatal(err)
	}
	completed := make(chan *dbus.Signal, 1)
	bus.Signal(completed)
	call(t, bus.Object(secretsName, prompt), "org.freedesktop.Secret.Prompt.Prompt", []any{""})
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	select {
	case s := <-completed:
		if dismissed, ok := s.Body[0].(bool); !ok || dismissed {
			t.Fatalf("%s%v", s.Name, s.Body)
		}
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	}
}

// A wallet that PAM has opened is locked for the Secret Service until a client
// calls Unlock and the prompt that it names. We never do: it could open a dialog.
func TestKWalletIsLockedUntilAnotherApplicationUnlocksIt(t *testing.T) {
	e := logIntoKWallet(t)
	wantLocked(t, e, put, erase)
	unlockKWallet(t, connect(t, e))
	for _, o := range []operation{put, get, erase} {
		if err := o.on(t.Context(), patient()); err != nil {
			t.Errorf("%s: %v", o.name, err)
		}
	}
}

func TestKWalletThatIsLockedStaysSo(t *testing.T) {
	e := openKWallet(t)
	if err := put.on(t.Context(), patient()); err != nil {
		t.Fatal(err)
	}
	call(t, secrets(connect(t, e)), "org.freedesktop.Secret.Service.Lock", []any{[]dbus.ObjectPath{kwalletCollection}}, new([]dbus.ObjectPath), new(dbus.ObjectPath))
	wantLocked(t, e, get, put, erase)
}
