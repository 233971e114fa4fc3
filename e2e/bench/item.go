// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// itemKey returns the user name of the plugin's one item in the keyring.
func (w *world) itemKey(ctx context.Context) (string, error) {
	var address string
	for _, v := range w.user.Environ() {
		if a, ok := strings.CutPrefix(v, "DBUS_SESSION_BUS_ADDRESS="); ok {
			address = a
		}
	}
	conn, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	service := conn.Object("org.freedesktop.secrets", "/org/freedesktop/secrets")
	// docs/adr/0004-keyring-deadline.md: the first call must be a property.
	if _, err := service.GetProperty("org.freedesktop.Secret.Service.Collections"); err != nil {
		return "", err
	}
	var unlocked, locked []dbus.ObjectPath
	err = service.CallWithContext(ctx, "org.freedesktop.Secret.Service.SearchItems", 0,
		map[string]string{"service": "kubectl-magnum"}).Store(&unlocked, &locked)
	if err != nil {
		return "", err
	}
	if len(unlocked) != 1 {
		return "", fmt.Errorf("%d items of ours are in the keyring, want 1", len(unlocked))
	}
	var attributes map[string]string
	err = conn.Object("org.freedesktop.secrets", unlocked[0]).StoreProperty("org.freedesktop.Secret.Item.Attributes", &attributes)
	return attributes["username"], err
}
