// SPDX-License-Identifier: Apache-2.0

//go:build linux || freebsd || netbsd || openbsd || dragonfly

package cache_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/kubectl-magnum/kubectl-magnum/cache/secretservicetest"
)

// namelessSignal is a NameAcquired of the bus without the name.
var namelessSignal = wire(&dbus.Message{
	Type: dbus.TypeSignal,
	Headers: map[dbus.HeaderField]dbus.Variant{
		dbus.FieldPath:      dbus.MakeVariant(dbus.ObjectPath("/org/freedesktop/DBus")),
		dbus.FieldInterface: dbus.MakeVariant("org.freedesktop.DBus"),
		dbus.FieldMember:    dbus.MakeVariant("NameAcquired"),
		dbus.FieldSender:    dbus.MakeVariant("org.freedesktop.DBus"),
	},
})

func wire(m *dbus.Message) []byte {
	var b bytes.Buffer
	if err := m.EncodeTo(&b, binary.LittleEndian); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// Whatever a bus says instead of an answer, and whether it then goes away or
// not, Get returns in time and the process lives.
func FuzzGetSurvivesAnyBus(f *testing.F) {
	reply := &dbus.Message{
		Type:    dbus.TypeMethodReply,
		Headers: map[dbus.HeaderField]dbus.Variant{dbus.FieldReplySerial: dbus.MakeVariant(uint32(2))},
	}
	for _, step := range []string{"AUTH", "Hello", "SearchItems", "GetSecret"} {
		f.Add(step, false, []byte{})
		f.Add(step, false, []byte("OK 12\r\nAGREE_UNIX_FD\r\n\r\n"))
		f.Add(step, false, []byte("REJECTED EXTERNAL\r\nREJECTED\r\n"))
		f.Add(step, false, namelessSignal)
		f.Add(step, true, namelessSignal[:20])
		f.Add(step, false, wire(reply))
		f.Add(step, true, wire(reply)[:20])
		f.Add(step, true, bytes.Repeat([]byte{'l', 2, 0, 1, 0xff, 0xff, 0xff, 0xff}, 8))
	}
	f.Fuzz(func(t *testing.T, step string, hang bool, say []byte) {
		server, k := serve(t)
		server.Add("login", "kubectl-magnum", "k", []byte("old"))
		server.Fail(step, secretservicetest.Fault{Hang: hang, Say: say})
		if hang {
			k.ReadTimeout = deadline / 10
		}
		start := time.Now()
		_, _ = k.Get(t.Context(), "k")
		if took := time.Since(start); took > k.ReadTimeout+time.Second {
			t.Errorf("took %v, want at most %v", took, k.ReadTimeout)
		}
	})
}
