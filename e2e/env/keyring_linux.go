// SPDX-License-Identifier: Apache-2.0

package env

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	keyringWithin = 20 * time.Second
	keyringPoll   = 10 * time.Millisecond
)

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

// keyring is a session bus with an unlocked gnome-keyring on it.
type keyring struct{ daemons []*exec.Cmd }

// busConfig allows what the session bus of a desktop allows, but starts no
// service: what answers is what was started here.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>%s</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`

func (e *Env) startKeyring(ctx context.Context) (_ *keyring, err error) {
	ctx, cancel := context.WithTimeout(ctx, keyringWithin)
	defer cancel()
	if err := MissingKeyring(); err != nil {
		return nil, err
	}
	k := new(keyring)
	defer func() {
		if err != nil {
			k.stop()
		}
	}()
	address := e.vars["DBUS_SESSION_BUS_ADDRESS"]
	config := filepath.Join(e.Dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, address), 0o600); err != nil {
		return nil, err
	}
	if err := k.start(e, "", "dbus-daemon", "--nofork", "--nopidfile", "--config-file="+config); err != nil {
		return nil, err
	}
	if err := e.await(ctx, "org.freedesktop.DBus"); err != nil {
		return nil, err
	}
	// The first unlock makes the "login" collection with this password.
	err = k.start(e, "e2e", "gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
	if err != nil {
		return nil, err
	}
	return k, e.await(ctx, "org.freedesktop.secrets")
}

func (k *keyring) start(e *Env, input, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = e.Home, e.Environ()
	cmd.Stdin = strings.NewReader(input)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // a terminal's Ctrl-C is for us to handle
		Pdeathsig: syscall.SIGKILL, // it must not outlive us either
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	k.daemons = append(k.daemons, cmd)
	return nil
}

func (k *keyring) stop() {
	if k == nil {
		return
	}
	for len(k.daemons) > 0 {
		last := len(k.daemons) - 1
		_ = k.daemons[last].Process.Kill()
		_ = k.daemons[last].Wait()
		k.daemons = k.daemons[:last]
	}
}

// await waits until somebody owns name on the user's bus.
func (e *Env) await(ctx context.Context, name string) error {
	for {
		owned, err := e.owned(ctx, name)
		if owned {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, errors.Join(ctx.Err(), err))
		case <-time.After(keyringPoll):
		}
	}
}

func (e *Env) owned(ctx context.Context, name string) (bool, error) {
	bus, err := dbus.Connect(e.vars["DBUS_SESSION_BUS_ADDRESS"], dbus.WithContext(ctx))
	if err != nil {
		return false, err
	}
	defer bus.Close()
	var owned bool
	err = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
	return owned, err
}
