// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"unicode"
)

// escape returns s on one line and without anything that a terminal obeys:
// control characters and the invisible ones that reorder text become \u
// escapes. Names and messages come from the network.
func escape(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r) // what is not UTF-8 arrives here as U+FFFD
		}
	}
	return out.String()
}
