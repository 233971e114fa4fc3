// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"strconv"
	"unicode/utf16"
)

// object is a JSON object that keeps the order of its members, as Python does.
type object []member

type member struct {
	name  string
	value any // nil, bool, int, string, object, []object or []string
}

// Python's json.dumps writes a space after each separator; Keystone's errors
// come from Flask, which does not.
const (
	spaced  = " "
	compact = ""
)

func marshal(v any, space string) []byte { return appendJSON(nil, v, space) }

func appendJSON(b []byte, v any, space string) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case string:
		return appendString(b, v)
	case object:
		return appendObject(b, v, space)
	case []object:
		return appendArray(b, v, space)
	case []string:
		return appendArray(b, v, space)
	}
	panic(fmt.Sprintf("magnumtest: no JSON for %T", v))
}

func appendObject(b []byte, o object, space string) []byte {
	b = append(b, '{')
	for i, m := range o {
		if i > 0 {
			b = append(append(b, ','), space...)
		}
		b = append(append(appendString(b, m.name), ':'), space...)
		b = appendJSON(b, m.value, space)
	}
	return append(b, '}')
}

func appendArray[T any](b []byte, items []T, space string) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(append(b, ','), space...)
		}
		b = appendJSON(b, item, space)
	}
	return append(b, ']')
}

var shortEscapes = map[rune]string{
	'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`,
}

// appendString escapes all but printable ASCII (ensure_ascii), runes beyond
// the first plane as surrogate pairs.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch short, ok := shortEscapes[r]; {
		case ok:
			b = append(b, short...)
		case ' ' <= r && r <= '~':
			b = append(b, byte(r))
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				b = fmt.Appendf(b, `\u%04x`, unit)
			}
		}
	}
	return append(b, '"')
}

// orNull is nil for "": what Python's None becomes.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
