// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestEncodeYAML: what is printed is what kubectl would read, whatever the texts
// look like, in its layout.
func TestEncodeYAML(t *testing.T) {
	type part struct {
		Name  string   `json:"name"`
		Items []string `json:"items,omitempty"`
		Count int64    `json:"count"`
		None  *int     `json:"none"`
	}
	odd := []string{"yes", "1:20", "0x10", "1e3", "null", "~", "", " a ", "2020-01-01", "<<", "a: b", "- a", "#", "\t[ n_\n*\t.", "a\nb\n", "\u2028", "größe"}
	in := []part{{Name: "z", Items: odd, Count: 1 << 53}, {Name: "a"}}
	out, ok, err := encode(in, "yaml")
	if err != nil || !ok {
		t.Fatal(err)
	}
	var back []part
	if err := yaml.Unmarshal(out, &back); err != nil || !reflect.DeepEqual(in, back) {
		t.Errorf("%v, %+v from\n%s", err, back, out)
	}
	out, _, _ = encode(in[1:], "yaml")
	if want := "- count: 0\n  name: a\n  none: null\n"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
}
