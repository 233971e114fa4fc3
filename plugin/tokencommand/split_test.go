// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"openstack token issue -f value -c id": {"openstack", "token", "issue", "-f", "value", "-c", "id"},
		"  a\t b  ":                            {"a", "b"},
		`a 'b c' "d e" f\ g`:                   {"a", "b c", "d e", "f g"},
		`a '' ""`:                              {"a", "", ""},
		`a b'c'"d"\e`:                          {"a", "bcde"},
		`a '|&;<>()$x*?[]{}!~#' "|&;<>()*~"`:   {"a", "|&;<>()$x*?[]{}!~#", "|&;<>()*~"},
		`a "\"\\\$\` + "`" + `\n" '\n'`:        {"a", `"\$` + "`" + `\n`, `\n`},
		`a \$HOME \~`:                          {"a", "$HOME", "~"},
		"a b~ c#d -x=y 'b\nc'":                 {"a", "b~", "c#d", "-x=y", "b\nc"},
		`'C:\Program Files\openstack.exe' -v`:  {`C:\Program Files\openstack.exe`, "-v"},
		"./a=b c":                              {"./a=b", "c"},
	} {
		got, err := Split(line)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", line, err, diff)
		}
	}
}

// What people paste that only a shell understands.
func TestSplitRefuses(t *testing.T) {
	for line, reason := range map[string]string{
		"":                                "it is empty",
		" \t ":                            "it is empty",
		"a 'b":                            "a quote (') is not closed",
		`a "b`:                            `a quote (") is not closed`,
		`a "b\"`:                          "not closed",
		`a \`:                             `it ends in \`,
		"a | head -1":                     `'|' is for a shell`,
		"a > b":                           `'>' is for a shell`,
		"a 2>/dev/null":                   `'>' is for a shell`,
		"a < b":                           `'<' is for a shell`,
		"a && b":                          `'&' is for a shell`,
		"a; b":                            `';' is for a shell`,
		"$(a)":                            `'$' is for a shell`,
		"`a`":                             "'`' is for a shell",
		"a $HOME":                         `'$' is for a shell`,
		`a "$HOME"`:                       `'$' is for a shell`,
		"a \"`b`\"":                       "'`' is for a shell",
		"~/bin/a":                         `'~' is for a shell`,
		"a ~alice":                        `'~' is for a shell`,
		"a # b":                           `'#' is for a shell`,
		"a *.txt":                         `'*' is for a shell`,
		"a {b,c}":                         `'{' is for a shell`,
		"(a)":                             `'(' is for a shell`,
		"a\nb":                            `'\n' is for a shell`,
		"a b\x00":                         "it holds a NUL",
		"a 'b\x00'":                       "it holds a NUL",
		"OS_CLOUD=work openstack token x": "OS_CLOUD=... sets a variable",
	} {
		words, err := Split(line)
		syntax, ok := errors.AsType[*SyntaxError](err)
		if !ok || !strings.Contains(syntax.Reason, reason) || words != nil {
			t.Errorf("%q: got %q, %v", line, words, err)
		}
	}
}

// FuzzSplit: words in single quotes come back as they were, and nothing that a
// shell would act on comes through outside of quotes.
func FuzzSplit(f *testing.F) {
	f.Add("openstack", "token issue", `a "b" \$`)
	f.Add("a", "", "'")
	f.Fuzz(func(t *testing.T, program, one, two string) {
		if words, err := Split(one); err == nil && !strings.ContainsAny(one, `'"\`) && !slices.Equal(words, strings.FieldsFunc(one, blank)) {
			t.Errorf("%q without quotes: %q", one, words)
		}
		if strings.Contains(program+one+two, "\x00") || strings.Contains(program, "=") {
			return
		}
		want := []string{program, one, two}
		var line strings.Builder
		for _, word := range want {
			line.WriteString("'" + strings.ReplaceAll(word, "'", `'\''`) + "' ")
		}
		if got, err := Split(line.String()); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", line.String(), got, err)
		}
	})
}

func blank(r rune) bool { return r == ' ' || r == '\t' }
