// SPDX-License-Identifier: Apache-2.0

package state

import (
	"regexp"
	"testing"
)

// Names from outside become parts of paths.
func FuzzNames(f *testing.F) {
	uuid := regexp.MustCompile(`\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z`)
	key := regexp.MustCompile(`\A[0-9a-z-]+\z`)
	for _, seed := range []string{
		"", "-", "..", "a/b", "v1-cert-00ff", "v1\n", "Ä", "\x00",
		"01234567-89ab-cdef-0123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdeF", "01234567-89ab-cdef-0123-456789abcdef\n",
		"01234567x89ab-cdef-0123-456789abcdef", "012345678-9ab-cdef-0123-456789abcdef", "------------------------------------", "01234567-89ab-cdef-0123-456789abcde:",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := ValidUUID(s), uuid.MatchString(s); got != want {
			t.Errorf("ValidUUID(%q) = %v", s, got)
		}
		if got, want := validKey(s), key.MatchString(s); got != want {
			t.Errorf("validKey(%q) = %v", s, got)
		}
	})
}
