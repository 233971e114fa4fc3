// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const secret = "c2VjcmV0LXRva2Vu"

func TestFilesThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
	}{
		"two documents":               {text: "kind: Config\n---\nkind: Config\n", line: 2},
		"a second that is broken":     {text: "kind: Config\n---\n: [\n", line: 2},
		"a list":                      {text: "- kind: Config\n", line: 1},
		"a string":                    {text: secret + "\n", line: 1},
		"an explicit null":            {text: "null\n", line: 1},
		"a key twice":                 {text: "kind: Config\nusers: []\nusers: []\n", line: 3},
		"a key twice, deep":           {text: "users:\n- name: a\n  user: {token: " + secret + ", token: b}\n", line: 3},
		"a name twice":                {text: "users:\n- name: a\n  user: {token: " + secret + "}\n- name: a\n", line: 4},
		"an item that is a string":    {text: "users:\n- " + secret + "\n", line: 2},
		"a section that is a map":     {text: "users:\n  a: {token: " + secret + "}\n", line: 2},
		"a type that kubectl refuses": {text: "users:\n- name: a\n  user: {token: [" + secret + "]}\n"},
		"a number for a token":        {text: "users:\n- name: a\n  user: {token: 12345}\n"},
		"what clientcmd quotes":       {text: "users:\n- name: a\n  user:\n    extensions:\n    - {name: e, extension: {x: " + secret + "}}\n    - {name: e}\n"},
		"another kind":                {text: "apiVersion: v1\nkind: Pod\n"},
		"another Kind":                {text: "Kind: Pod\n"},
		"another version":             {text: "apiVersion: v2\n"},
		"no version":                  {text: "apiVersion: a/b/c\n"},
		"tabs for indentation":        {text: "users:\n\t- name: a\n", line: 2},
		"no YAML":                     {text: "users: [\n", line: 1},
		"an unknown alias":            {text: "users: *a\n"},
		"not UTF-8":                   {text: "# \xff\n"},
		"UTF-16":                      {text: "\xff\xfek\x00i\x00"},
		"a control character":         {text: "# \x01\n"},
		"too large":                   {text: strings.Repeat("# 1234567890123\n", maxSize/16) + "#"},
		"a list by alias":             {text: "x: &a []\nclusters: *a\ncontexts: []\nusers: []\n", line: 2},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, filepath.Join(t.TempDir(), "config"), c.text)
			for _, setCurrent := range []bool{false, true} {
				_, err := merge(t, Paths{Explicit: path}, setCurrent, prod())
				var invalid *InvalidError
				if !errors.As(err, &invalid) {
					t.Fatalf("error is %v, want an InvalidError", err)
				}
				if invalid.File != path || invalid.Line != c.line {
					t.Errorf("error is %v, want line %d", err, c.line)
				}
				if holdsSecret(err.Error()) {
					t.Errorf("the error holds a secret: %v", err)
				}
			}
			if contents(t, path) != c.text {
				t.Error("the file was changed")
			}
			wantOnly(t, path)
		})
	}
}

// TestForeignChangeIsNotWritten plays a merge that has gone wrong.
func TestForeignChangeIsNotWritten(t *testing.T) {
	d, err := parse("config", []byte(realFile(t, "kubectl")))
	if err != nil {
		t.Fatal(err)
	}
	s := &source{path: "config", doc: d, tree: d.tree(), changed: true}
	set(lookup(find(lookup(s.tree, "clusters"), "office"), KindCluster), "server", newString("https://192.0.2.66"))
	var invalid *InvalidError
	if _, err := s.text(); !errors.As(err, &invalid) {
		t.Errorf("error is %v, want an InvalidError", err)
	}
	s.touch(KindCluster, "office")
	if _, err := s.text(); err != nil {
		t.Errorf("for an entry of ours: %v", err)
	}
}

// holdsSecret also knows the secret as Go prints bytes.
func holdsSecret(text string) bool {
	printed := strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")
	return strings.Contains(text, secret) || strings.Contains(text, printed) || strings.Contains(text, "12345")
}

// TestForeignEntryThatHangsOnOursIsNotChanged: the user's entry would change
// its value with ours, through an alias.
func TestForeignEntryThatHangsOnOursIsNotChanged(t *testing.T) {
	text := mustText(t, "", false, prod())
	text = strings.Replace(text, "    server: ", "    server: &server ", 1)
	text = strings.Replace(text, "contexts:\n", "- cluster:\n    server: *server\n  name: foreign\ncontexts:\n", 1)
	inBody := strings.Replace(text, "- cluster:\n", "- cluster: &body\n", 1)
	inBody = strings.Replace(strings.Replace(inBody, "&server ", "", 1), "\n    server: *server", " *body", 1)
	for name, text := range map[string]string{"scalar": text, "mapping": inBody} {
		t.Run(name, func(t *testing.T) {
			if strings.Count(text, "foreign") != 1 || strings.Count(text, "&") != 1 || strings.Count(text, "*") != 1 {
				t.Fatalf("not the case it should be:\n%s", text)
			}
			path := write(t, filepath.Join(t.TempDir(), "config"), text)
			mustMerge(t, Paths{Explicit: path}, false, prod()) // nothing to change: fine
			_, err := merge(t, Paths{Explicit: path}, false, onPort(1))
			var invalid *InvalidError
			if !errors.As(err, &invalid) || invalid.Line == 0 {
				t.Errorf("error is %v, want an InvalidError with a line", err)
			}
			if contents(t, path) != text {
				t.Error("the file was changed")
			}
		})
	}
}

var behind = regexp.MustCompile(`(\S) #`)

func TestTextStaysAsItIs(t *testing.T) {
	base := realFile(t, "comments")
	for name, text := range map[string]string{
		"CRLF":                       strings.ReplaceAll(base, "\n", "\r\n"),
		"byte order mark":            "\ufeff" + base,
		"BOM and CRLF":               "\ufeff" + strings.ReplaceAll(base, "\n", "\r\n"),
		"no last newline":            strings.TrimSuffix(base, "\n"),
		"document end":               base + "...\n# behind\n",
		"only a start":               "---\n",
		"start and end":              "---\n...\n",
		"line separators":            "# a\u2028# b\u0085\n" + base,
		"empty":                      "",
		"blank":                      "\n \n",
		"only a BOM":                 "\ufeff",
		"wide characters":            strings.ReplaceAll(base, "office", "büro-東京-🏢"),
		"trailing spaces":            strings.ReplaceAll(base, "server", "server ") + "   ",
		"tabs behind":                behind.ReplaceAllString(base, "$1\t#"),
		"indented root":              "  apiVersion: v1\n  kind: Config\n  users:\n  - name: a\n",
		"space before a colon":       "apiVersion: v1\ncurrent-context :\n",
		"BOM before a key":           "\ufeffcurrent-context: a\nkind: Config\n",
		"no last newline in a value": "apiVersion: v1\nkind: Config",
		"empty flow root":            "{}",
		"spread flow root":           "{\r\n\t\"users\": [\r\n\t\t{\"name\": \"a\"}\r\n\t]\r\n}\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := mustText(t, text, true, prod())
			checkForeign(t, text, got, prod())
			checkComments(t, text, got)
			checkOurs(t, got, prod())
			if strings.Contains(strings.ReplaceAll(got, "\r\n", ""), "\n") && strings.Contains(text, "\r\n") {
				t.Errorf("line endings are mixed: %q", got)
			}
			if strings.Trim(text, "\ufeff") != "" && strings.HasSuffix(text, "\n") != strings.HasSuffix(got, "\n") {
				t.Errorf("the end of the last line changed: %q", got[len(got)-20:])
			}
			if strings.HasPrefix(text, "\ufeff") != strings.HasPrefix(got, "\ufeff") {
				t.Error("the byte order mark came or went")
			}
			if again := mustText(t, got, true, prod()); again != got {
				t.Errorf("merging again changes the file:\n%s", diffText(got, again))
			}
		})
	}
}

func TestDirectoryIsRefused(t *testing.T) {
	_, err := merge(t, Paths{Explicit: t.TempDir()}, false, prod())
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Errorf("error is %v, want an InvalidError", err)
	}
}

func TestOddNamesReadBack(t *testing.T) {
	for _, name := range []string{
		"yes", "no", "on", "~", "null", "true", "1", "1.5", "0x1f", "1:20", "12e03", "2026-01-01", ".inf", "=", "<<", "-", "- a", "a: b", "a #b",
		" leading", "trailing ", "'", `"`, `\`, "{a}", "[a]", "*a", "&a", "!a", "%a", "@a", "`a", "|", ">", "?", "a\nb", "a\tb", "a\rb",
		"\u0085", "\u2028", "\u00a0", "\ufeff", "\x7f", "\x01", "büro", "東京", "🏢", "...", "---", "#",
	} {
		e := entry(name, testUUID)
		for _, in := range []string{"", "{}", realFile(t, "json")} {
			out, err := inMemory(in, true, e)
			if err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			checkOurs(t, out, e)
			if again, err := inMemory(out, true, e); err != nil || again != out {
				t.Errorf("%q: merging again changes the file: %v", name, err)
			}
		}
	}
}
