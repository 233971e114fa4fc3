// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
)

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return b
}

// uuid4 is a random UUID (RFC 9562, version 4).
func uuid4() []byte {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b
}

func newUUID() string {
	b := uuid4()
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// newID is an id as Keystone makes them: a UUID without hyphens.
func newID() string { return hex.EncodeToString(uuid4()) }

func randomText(n int) string { return base64.RawURLEncoding.EncodeToString(randomBytes(n)) }
