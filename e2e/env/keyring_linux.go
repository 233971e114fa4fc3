// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"os/exec"
	"time"
)

const keyringWithin = 20 * time.Second

// MissingKeyring is nil if this machine has what a private keyring needs:
// dbus-daemon and gnome-keyring-daemon, neither of them running.
func MissingKeyring() error {
	for _, name := range []string{"dbus-daemon", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			return err
		}
	}
	return nil
}

// startKeyring starts what the user has on its session bus, and that bus.
func (e *Env) startKeyring(ctx context.Context, o Options) error {
	if !o.Bus && !o.Keyring {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, keyringWithin)
	defer cancel()
	if err := e.startBus(ctx); err != nil || !o.Keyring {
		return err
	}
	// The first unlock makes the "login" collection with this password.
	_, err := e.Daemon("e2e", "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	if err != nil {
		return err
	}
	return e.Await(ctx, "org.freedesktop.secrets")
}
