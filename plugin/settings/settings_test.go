// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("TEST_SET"); path != "" {
		f := File{Path: path, UID: os.Getuid()}
		if err := f.SetTokenCommand(m0, os.Getenv("TEST_CLOUD"), work()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// newFile is a file that is not there yet.
func newFile(t *testing.T) File {
	t.Helper()
	return Account{Home: t.TempDir(), UID: os.Getuid()}.File()
}

func (f File) write(t *testing.T, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.Path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.Path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// root is where absolute paths start.
var root = map[bool]string{true: `C:\`, false: "/"}[runtime.GOOS == "windows"]

func work() TokenCommand {
	return TokenCommand{
		Args:     []string{root + "openstack", "token", "issue", "-n", "5", "true", "a b", "", "#", "'"},
		Env:      map[string]string{"PATH": "/bin:/usr/bin", "LANG": "no", "ODD": "a: b\n"},
		Keystone: "https://k.example/v3", CloudsFile: root + "clouds.yaml", SecureFile: root + "secure.yaml",
		CAFile: root + "ca.pem", Endpoint: "https://m.example/v1", SSLCertFile: root + "certs.pem", SSLCertDir: root + "certs",
	}
}

func TestTokenCommandComesBack(t *testing.T) {
	f := newFile(t)
	if _, ok, err := f.TokenCommand("work"); ok || err != nil {
		t.Errorf("nothing is kept: %v, %v", ok, err)
	}
	if removed, err := f.RemoveTokenCommand(t.Context(), "work"); removed || err != nil {
		t.Errorf("nothing to remove: %v, %v", removed, err)
	}
	if _, err := os.Stat(filepath.Dir(f.Path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory was made for nothing: %v", err)
	}
	few := TokenCommand{Args: []string{root + "x"}, Keystone: "https://k.example/v3", CloudsFile: root + "clouds.yaml"}
	odd := "true: # ä"
	for cloud, c := range map[string]TokenCommand{"work": work(), odd: few} {
		if err := f.SetTokenCommand(t.Context(), cloud, c); err != nil {
			t.Fatal(err)
		}
	}
	for cloud, want := range map[string]TokenCommand{"work": work(), odd: few} {
		got, ok, err := f.TokenCommand(cloud)
		if diff := cmp.Diff(want, got); !ok || err != nil || diff != "" {
			t.Errorf("%q: %v, %v\n%s", cloud, ok, err, diff)
		}
	}
	if info, err := os.Stat(f.Path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if removed, err := f.RemoveTokenCommand(t.Context(), "work"); !removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	for cloud, want := range map[string]bool{"work": false, odd: true} {
		if _, ok, err := f.TokenCommand(cloud); ok != want || err != nil {
			t.Errorf("after a removal, %q: %v, %v", cloud, ok, err)
		}
	}
}

func TestWhatIsThereStays(t *testing.T) {
	f := newFile(t)
	const other = `# mine
clouds:
  # home is where
  home:
    token_command: [%[1]sx, "-y"] # never sleeps
    keystone: "https://k.example/v3"
    clouds_file: '%[1]sclouds.yaml'
`
	text := fmt.Sprintf(other, root)
	f.write(t, text)
	c := TokenCommand{Args: []string{root + "x"}, Keystone: "https://k.example/v3", CloudsFile: root + "clouds.yaml"}
	for range 2 {
		if err := f.SetTokenCommand(t.Context(), "work", c); err != nil {
			t.Fatal(err)
		}
	}
	want := text + fmt.Sprintf(`  work:
    token_command: [%[1]sx]
    keystone: https://k.example/v3
    clouds_file: %[1]sclouds.yaml
`, root)
	if got, _ := os.ReadFile(f.Path); string(got) != want {
		t.Errorf("got\n%s", got)
	}
	if _, err := f.RemoveTokenCommand(t.Context(), "work"); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(f.Path); string(got) != text {
		t.Errorf("got\n%s", got)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(f.Path), ".config-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestNewFileSaysWhatItIs(t *testing.T) {
	for _, before := range []string{"", header, "# mine\n"} {
		f := newFile(t)
		if before != "" {
			f.write(t, before)
		}
		if err := f.SetTokenCommand(t.Context(), "work", work()); err != nil {
			t.Fatal(err)
		}
		want := before
		if before == "" {
			want = header
		}
		if got, _ := os.ReadFile(f.Path); !strings.HasPrefix(string(got), want) {
			t.Errorf("from %q:\n%s", before, got)
		}
	}
}

func TestInvalidFileIsRefused(t *testing.T) {
	const ok = "\n    token_command: [/x]\n    keystone: k\n    clouds_file: /c\n"
	if runtime.GOOS == "windows" {
		t.Skip("paths of Unix")
	}
	for text, want := range map[string]string{
		"clouds: {":                              "line 1: not valid YAML",
		"a: b\n\tc: d":                           "not valid YAML",
		"clouds: *secret":                        "not valid YAML",
		"\xfe\xff":                               "not a text in UTF-8",
		"- a":                                    "line 1: the file is not a mapping",
		"clouds:":                                `line 1: "clouds" is not a mapping`,
		"cloud: {}":                              `line 1: there is no setting "cloud"; it is clouds`,
		"clouds: {}\nclouds: {}":                 `line 2: the file has "clouds" twice`,
		"clouds: {}\n---\nclouds: {}":            "more than one YAML document",
		"clouds: {}\n---\n{":                     "more than one YAML document",
		"clouds:\n  1: {}":                       `line 2: "clouds" has a key that is not a text`,
		"clouds:\n  [a]: {}":                     `line 2: "clouds" has a key that is not a text`,
		"clouds:\n  a:" + ok + "  a: {}":         `line 6: "clouds" has "a" twice`,
		"clouds:\n  a: x":                        `line 2: cloud "a" is not a mapping`,
		"clouds:\n  a: {}":                       `line 2: cloud "a": there is no "token_command"`,
		"clouds:\n  a:" + ok + "    region: x":   `line 6: there is no setting "region" of a cloud`,
		"clouds:\n  a:" + ok + "    keystone: x": `line 6: cloud "a" has "keystone" twice`,
		"clouds:\n  a:" + ok + "    endpoint: 5": `line 6: "endpoint" is not a text`,
		"clouds:\n  a:" + ok + "    ca_file:":    `line 6: "ca_file" is not a text`,
		"clouds:\n  a:" + ok + "    environment: [A=b]":                   `line 6: "environment" is not a mapping`,
		"clouds:\n  a:" + ok + "    environment: {A: 1}":                  `line 6: "A" is not a text`,
		"clouds:\n  a:" + ok + "    environment: {A=b: c}":                `line 2: cloud "a": "environment" has "A=b"`,
		"clouds:\n  a:" + ok + "    environment: {'': c}":                 `line 2: cloud "a": "environment" has ""`,
		"clouds: &c\n  a: &a" + ok + "  b: *a":                            `line 6: cloud "b" is not a mapping`,
		"clouds:\n  a: &a" + ok + "  b:\n    <<: *a":                      `line 7: cloud "b" has a key that is not a text`,
		"clouds: {a: {token_command: /x -y}}":                             `line 1: "token_command" is not a list`,
		"clouds: {a: {token_command: [/x, 5]}}":                           `line 1: an item of "token_command" is not a text`,
		"clouds: {a: {token_command: [/x, [y]]}}":                         `line 1: an item of "token_command" is not a text`,
		"clouds: {a: {token_command: []}}":                                `line 1: cloud "a": there is no "token_command"`,
		"clouds: {a: {token_command: [x]}}":                               `cloud "a": "token_command" does not start with an absolute path`,
		"clouds: {a: {token_command: [./x]}}":                             `cloud "a": "token_command" does not start with an absolute path`,
		"clouds: {a: {token_command: [/x], clouds_file: /c}}":             `cloud "a": there is no "keystone"`,
		"clouds: {a: {token_command: [/x], keystone: k}}":                 `cloud "a": "clouds_file" is not an absolute path`,
		"clouds: {a: {token_command: [/x], keystone: k, clouds_file: c}}": `cloud "a": "clouds_file" is not an absolute path`,
	} {
		f := newFile(t)
		f.write(t, text)
		c, ok, err := f.TokenCommand("a")
		if _, invalid := errors.AsType[*InvalidError](err); !invalid || !strings.Contains(err.Error(), want) || ok || c.Args != nil {
			t.Errorf("%s\ngot %v, %v", text, ok, err)
		}
		if err := f.SetTokenCommand(t.Context(), "z", work()); !errors.As(err, new(*InvalidError)) {
			t.Errorf("%s\nwritten: %v", text, err)
		}
		if got, _ := os.ReadFile(f.Path); string(got) != text {
			t.Errorf("%s\nbecame\n%s", text, got)
		}
	}
}

// Whoever comes across a broken file tells no secret of it.
func TestErrorsQuoteNoValue(t *testing.T) {
	for _, text := range []string{
		"clouds: *hunter2", "clouds: {a: {token_command: hunter2}}", "clouds: {a: {token_command: [hunter2]}}",
		"clouds: {a: {keystone: [hunter2]}}", "clouds: hunter2", "hunter2", "clouds: \"hunter2", "clouds: {a: {environment: hunter2}}",
	} {
		f := newFile(t)
		f.write(t, text)
		if _, _, err := f.TokenCommand("a"); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What cannot be read again is not written.
func TestOnlyValidCommandsAreWritten(t *testing.T) {
	f := newFile(t)
	c := work()
	c.Args = []string{"openstack"}
	if err := f.SetTokenCommand(t.Context(), "work", c); !errors.As(err, new(*InvalidError)) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(f.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("written: %v", err)
	}
}

// Processes that write at once lose nothing.
func TestManyWriters(t *testing.T) {
	f := newFile(t)
	const n = 8
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			set := exec.Command(os.Args[0])
			set.Env = append(os.Environ(), "TEST_SET="+f.Path, fmt.Sprintf("TEST_CLOUD=c%d", i))
			if out, err := set.CombinedOutput(); err != nil {
				t.Errorf("%s%v", out, err)
			}
		})
	}
	all.Wait()
	for i := range n {
		if _, ok, err := f.TokenCommand(fmt.Sprintf("c%d", i)); !ok || err != nil {
			t.Errorf("c%d: %v, %v", i, ok, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("clouds:\n  a:\n    token_command: [/x, y]\n    keystone: k\n    clouds_file: /c\n"))
	f.Add([]byte("# a\nclouds: {'': {<<: *x}}\n---\n"))
	file := File{Path: "/f"}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := file.parse(data)
		if err != nil {
			return
		}
		for cloud, c := range d.commands {
			if reason := c.check(); reason != "" {
				t.Errorf("cloud %q: %s", cloud, reason)
			}
		}
		before := len(d.commands)
		if d.index("new") >= 0 {
			return
		}
		d.set("new", encoded(t, work()))
		text, err := file.print(d)
		if err != nil {
			return // comments in odd places can break what the YAML library prints
		}
		if again, err := file.parse(text); err != nil || len(again.commands) != before+1 {
			t.Errorf("%q became %q: %v", data, text, err)
		}
	})
}
