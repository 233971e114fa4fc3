// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godbus/dbus/v5"
)

// busVar names the session bus (D-Bus specification, "Well-known Message Bus
// Instances").
const busVar = "DBUS_SESSION_BUS_ADDRESS"

var (
	errNoBus     = errors.New("no D-Bus session bus")
	errRemoteBus = errors.New("the D-Bus session bus is not a local socket")
)

// busAddress finds the session bus where godbus looks for it: in the
// environment, or else in the user's runtime directory. Unlike godbus it stops
// there: dbus-launch leaves a daemon behind on every call (godbus/dbus#268).
func (k *Keyring) busAddress() (string, error) {
	var named string
	if k.Getenv != nil {
		named = k.Getenv(busVar)
	}
	return chooseBus(named, filepath.Join("/run/user", strconv.Itoa(k.UID)))
}

// chooseBus returns the address named by the environment, if it is one, else
// that of the bus in dir. It refuses addresses other than local sockets, for
// secrets cross the bus in the clear.
func chooseBus(named, dir string) (string, error) {
	address := named
	if address == "" || strings.HasPrefix(address, "autolaunch:") {
		address = busIn(dir)
	}
	if address == "" {
		return "", absent(errNoBus)
	}
	for part := range strings.SplitSeq(address, ";") {
		if _, err := socketOf(part); err != nil {
			return "", absent(fmt.Errorf("%w: %q", err, address))
		}
	}
	return address, nil
}

// busIn returns the address of the bus that lives in a user's runtime
// directory: the socket bus, or what the file dbus-session says. It returns ""
// where there is none.
func busIn(dir string) string {
	socket := filepath.Join(dir, "bus")
	if _, err := os.Stat(socket); err == nil {
		return "unix:path=" + dbus.EscapeBusAddressValue(socket)
	}
	text, err := os.ReadFile(filepath.Join(dir, "dbus-session"))
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(text), "\n")
	address, _ := strings.CutPrefix(line, busVar+"=")
	return strings.TrimSpace(address)
}

// socketOf returns the socket of an address as package net names it (D-Bus
// specification, "Server Addresses").
func socketOf(address string) (string, error) {
	pairs, ok := strings.CutPrefix(address, "unix:")
	if !ok {
		return "", errRemoteBus
	}
	for pair := range strings.SplitSeq(pairs, ",") {
		key, escaped, _ := strings.Cut(pair, "=")
		value, err := dbus.UnescapeBusAddressValue(escaped)
		switch {
		case err != nil || value == "":
		case key == "path":
			return value, nil
		case key == "abstract":
			return "@" + value, nil
		}
	}
	return "", errRemoteBus
}
