// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"alice":                    "",
		"Zoë Ünïcode":              "",
		strings.Repeat("ä", 64):    "",
		strings.Repeat("a", 65):    "is longer than the 64 characters that X.509 allows",
		"":                         "is empty",
		"a\nb":                     "has control characters in it",
		"a\x00":                    "has control characters in it",
		"\xff":                     "has control characters in it",
		"system:kube-scheduler":    "begins with system:, which Kubernetes keeps for itself",
		"systems: not a namespace": "",
	} {
		got := ""
		if err := checkUser(name); err != nil {
			var refused *NameError
			if !errors.As(err, &refused) {
				t.Fatalf("%q: %v", name, err)
			}
			got = refused.Reason
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if err := checkName("--group", "system:masters"); err != nil {
		t.Errorf("the group of administrators: %v", err)
	}
}

func TestCheckServer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		address     string
		tlsDisabled bool
		ok          bool
	}{
		{"https://192.0.2.1:6443", false, true},
		{"https://[2001:db8::1]:6443", false, true},
		{"http://192.0.2.1:8080", true, true},
		{"http://192.0.2.1:8080", false, false},
		{"https://192.0.2.1:6443", true, false},
		{"https://user@192.0.2.1", false, false},
		{"https://192.0.2.1/?x", false, false},
		{"https://192.0.2.1/#x", false, false},
		{"https://", false, false},
		{"192.0.2.1:6443", false, false},
		{"https://a\nb", false, false},
		{"None", false, false},
	} {
		if err := checkServer(test.address, test.tlsDisabled); (err == nil) != test.ok {
			t.Errorf("%q, TLS disabled %v: %v", test.address, test.tlsDisabled, err)
		}
	}
}
