// SPDX-License-Identifier: Apache-2.0

package wallets_test

import (
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/e2e/env"
)

// witness sees every message on a bus.
type witness struct {
	bus      *dbus.Conn // on which it says that it has seen enough
	messages chan *dbus.Message
}

const enough = "Enough"

func newWitness(t *testing.T, e *env.Env) *witness {
	t.Helper()
	monitor, err := dbus.Connect(e.BusAddress())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// godbus closes the channel first, and then may still send on it.
		monitor.Eavesdrop(nil)
		_ = monitor.Close()
	})
	call(t, monitor.BusObject(), "org.freedesktop.DBus.Monitoring.BecomeMonitor", []any{[]string{}, uint32(0)})
	// godbus drops what does not fit.
	w := &witness{connect(t, e), make(chan *dbus.Message, 10_000)}
	monitor.Eavesdrop(w.messages)
	return w
}

// questions counts the calls since the last time that make a service ask its
// user, whether or not it had to.
func (w *witness) questions(t *testing.T) int {
	t.Helper()
	// The bus keeps the order of messages, and refuses this one.
	_ = w.bus.BusObject().Call("org.freedesktop.DBus."+enough, 0).Err
	asked, timeout := 0, time.After(within)
	for {
		select {
		case m := <-w.messages:
			if m.Type != dbus.TypeMethodCall {
				continue
			}
			switch m.Headers[dbus.FieldMember].Value() {
			case "Unlock", "Prompt":
				asked++
			case enough:
				return asked
			}
		case <-timeout:
			t.Fatal("the bus shows nothing")
		}
	}
}
