// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestMarshalWritesWhatPythonWrites(t *testing.T) {
	o := object{
		{"b", nil},
		{"a", []string{"é", "中", "\U0001f600", "\x1b[31m\x7f", `"\` + "\n\t/<>&"}},
		{"n", []object{{{"x", 1}, {"y", false}}, {}}},
		{"e", []string(nil)},
	}
	for space, want := range map[string]string{
		// python3 -c 'import json; print(json.dumps(...))', and with separators=(",", ":")
		spaced: `{"b": null, "a": ["\u00e9", "\u4e2d", "\ud83d\ude00", "\u001b[31m\u007f", "\"\\\n\t/<>&"], ` +
			`"n": [{"x": 1, "y": false}, {}], "e": []}`,
		compact: `{"b":null,"a":["\u00e9","\u4e2d","\ud83d\ude00","\u001b[31m\u007f","\"\\\n\t/<>&"],` +
			`"n":[{"x":1,"y":false},{}],"e":[]}`,
	} {
		if diff := cmp.Diff(want, string(marshal(o, space))); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzStringsSurviveJSON(f *testing.F) {
	for _, s := range []string{"", "é中\U0001f600", "\x00\x7f\u2028", `\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip()
		}
		var back string
		if err := json.Unmarshal(marshal(s, spaced), &back); err != nil || back != s {
			t.Errorf("%q became %q, %v", s, back, err)
		}
	})
}

func TestAccessRules(t *testing.T) {
	for _, c := range []struct {
		rule, path string
		want       bool
	}{
		{"/v1/clusters", "/v1/clusters", true},
		{"/v1/clusters", "/v1/clusters/prod", false},
		{"/v1/clusters/*", "/v1/clusters/prod", true},
		{"/v1/clusters/*", "/v1/clusters/", false},
		{"/v1/clusters/*", "/v1/clusters/prod/nodegroups", false},
		{"/v1/clusters/{cluster}", "/v1/clusters/prod", true},
		{"/v1/**", "/v1/clusters/prod/nodegroups", true},
		{"/v1/cluster.", "/v1/clusters", false},
	} {
		credential := &applicationCredential{rules: []accessRule{{"", "GET", c.rule}}}
		limited := token{credential: credential}
		if got := limited.allows("GET", c.path); got != c.want {
			t.Errorf("GET %s allows GET %s: %v", c.rule, c.path, got)
		}
		if limited.allows("PATCH", c.path) {
			t.Errorf("GET %s allows PATCH %s", c.rule, c.path)
		}
	}
	if none := (token{credential: &applicationCredential{}}); !none.allows("PATCH", "/v1/certificates/prod") {
		t.Error("an application credential without access rules may not rotate")
	}
}
