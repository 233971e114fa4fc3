// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
)

// tokenCommand is a program to log in with. tokencmd cat FILE [MARK] prints a token;
// tokencmd fail TEXT, hang and flood do not. It leaves in MARK what it sees, a line
// for each time that it runs.
func tokenCommand() {
	switch os.Args[1] {
	case "cat":
		if len(os.Args) > 3 {
			mark(os.Args[3])
		}
		token, err := os.ReadFile(os.Args[2])
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s", token)
	case "fail":
		fmt.Println(os.Args[2])
		fmt.Fprintln(os.Stderr, os.Args[2])
		os.Exit(3)
	case "hang":
		signal.Ignore(os.Interrupt, syscall.SIGTERM)
		time.Sleep(time.Minute)
	case "flood":
		for range 1 << 20 {
			fmt.Println(strings.Repeat("x", 1<<10))
		}
	}
}

func mark(path string) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	dir, _ := os.Getwd()
	fmt.Fprintf(f, "dir=%s %s\n", dir, strings.Join(os.Environ(), " "))
}

// Who sits at a terminal is told what a command says that does not work; a log
// is not.
func TestLoginShowsStderrOnATerminal(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh")
	}
	w := newWorld()
	t.Cleanup(w.close)
	home := t.TempDir()
	clouds := filepath.Join(home, "clouds.yaml")
	if err := os.WriteFile(clouds, w.cloud.CloudsYAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"OS_CLOUD": "alice", "OS_CLIENT_CONFIG_FILE": clouds, "PATH": os.Getenv("PATH")}
	for _, terminal := range []bool{true, false} {
		var stderr bytes.Buffer
		code := run(t.Context(), &program{
			args:    []string{"login", "--token-command", `sh -c 'printf "no ticket\n\033[2J\r\n" >&2; printf hunter2; head -c 9999 /dev/zero >&2; exit 3'`},
			streams: genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: &stderr},
			getenv:  func(name string) string { return env[name] },
			home:    home, now: time.Now, errTerminal: terminal,
			account: func() (settings.Account, error) { return settings.Account{Home: home, UID: os.Getuid()}, nil },
		})
		shown := strings.Contains(stderr.String(), "kubectl-magnum: it says: no ticket\nkubectl-magnum: it says: \\u001b[2J\n")
		if code != exitLogin || shown != terminal || strings.Contains(stderr.String(), "hunter2") || stderr.Len() > 6*saidMax+1000 {
			t.Errorf("on a terminal: %v, exit code %d, %d bytes:\n%.2000s", terminal, code, stderr.Len(), stderr.String())
		}
	}
}
