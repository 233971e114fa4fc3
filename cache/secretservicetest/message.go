// SPDX-License-Identifier: Apache-2.0

package secretservicetest

import "github.com/godbus/dbus/v5"

func reply(call *dbus.Message, body ...any) *dbus.Message {
	m := &dbus.Message{
		Type:    dbus.TypeMethodReply,
		Headers: map[dbus.HeaderField]dbus.Variant{dbus.FieldReplySerial: dbus.MakeVariant(call.Serial())},
		Body:    body,
	}
	if len(body) > 0 {
		m.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(body...))
	}
	return m
}

func failure(call *dbus.Message, name string) *dbus.Message {
	m := reply(call, "as the test wants it")
	m.Type = dbus.TypeError
	m.Headers[dbus.FieldErrorName] = dbus.MakeVariant(name)
	return m
}
