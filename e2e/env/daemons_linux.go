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

const busPoll = 10 * time.Millisecond

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

// daemons are in the order of their start.
type daemons []*Daemon

func (d *daemons) stop() {
	for len(*d) > 0 {
		last := len(*d) - 1
		(*d)[last].Stop()
		*d = (*d)[:last]
	}
}

// Daemon is a process of the user's that runs until it is stopped.
type Daemon struct{ cmd *exec.Cmd }

// Daemon starts a program that Close stops at the latest. What it says on
// standard error is in Dir, in a file with its name and ".log".
func (e *Env) Daemon(input, name string, args ...string) (*Daemon, error) {
	log, err := os.Create(filepath.Join(e.Dir, filepath.Base(name)+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the daemon has its own copy
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = e.Home, e.Environ()
	cmd.Stdin, cmd.Stderr = strings.NewReader(input), log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:   true,            // a terminal's Ctrl-C is for us to handle
		Pdeathsig: syscall.SIGKILL, // it must not outlive us either
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d := &Daemon{cmd}
	e.daemons = append(e.daemons, d)
	return d, nil
}

// Stop kills the daemon and all that it has started. A second call does
// nothing.
func (d *Daemon) Stop() {
	if d.cmd == nil {
		return
	}
	_ = syscall.Kill(-d.cmd.Process.Pid, syscall.SIGKILL)
	_ = d.cmd.Wait()
	d.cmd = nil
}

func (e *Env) startBus(ctx context.Context) error {
	config := filepath.Join(e.Dir, "bus.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, busConfig, e.BusAddress()), 0o600); err != nil {
		return err
	}
	if _, err := e.Daemon("", "dbus-daemon", "--nofork", "--nopidfile", "--config-file="+config); err != nil {
		return err
	}
	return e.Await(ctx, "org.freedesktop.DBus")
}

// Await waits until somebody owns name on the user's bus.
func (e *Env) Await(ctx context.Context, name string) error {
	for {
		owned, err := e.owned(ctx, name)
		if owned {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", name, errors.Join(ctx.Err(), err))
		case <-time.After(busPoll):
		}
	}
}

func (e *Env) owned(ctx context.Context, name string) (bool, error) {
	bus, err := dbus.Connect(e.BusAddress(), dbus.WithContext(ctx))
	if err != nil {
		return false, err
	}
	defer bus.Close()
	var owned bool
	err = bus.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&owned)
	return owned, err
}
