// SPDX-License-Identifier: Apache-2.0

package tokencommand

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes this binary a token command of many kinds.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "program" {
		programs[os.Args[2]](os.Args[3:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var programs = map[string]func(args []string){
	"print": func(args []string) { fmt.Print(args[0]) },
	"env": func(args []string) {
		dir, _ := os.Getwd()
		in, err := io.ReadAll(os.Stdin)
		_, ttyErr := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		text := fmt.Sprintf("%q\n%q\n%q %v\n%v %v\n", os.Environ(), dir, in, err, ttyErr != nil, ownSession())
		_ = os.WriteFile(args[0], []byte(text), 0o600)
		fmt.Println("tok")
	},
	"fail": func(args []string) {
		fmt.Println(args[0])
		fmt.Fprintln(os.Stderr, args[0])
		os.Exit(3)
	},
	"long": func([]string) { fmt.Println(strings.Repeat("x", tokenMax+1)) },
	"flood": func([]string) {
		signal.Ignore(syscall.SIGPIPE)
		chunk := bytes.Repeat([]byte("x"), 1<<20)
		for range 1 << 10 {
			_, _ = os.Stdout.Write(chunk)
		}
		time.Sleep(time.Minute)
	},
	// hang ignores what can be ignored, and so does its child, which leaves its pid.
	"hang": func(args []string) {
		signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		if len(args) > 0 {
			child := exec.Command(os.Args[0], "program", "hang")
			child.Stdout = os.Stdout
			if err := child.Start(); err != nil {
				panic(err)
			}
			_ = os.WriteFile(args[0], fmt.Append(nil, child.Process.Pid), 0o600)
		}
		time.Sleep(time.Minute)
	},
	// leave goes well and leaves a child that holds its output.
	"leave": func(args []string) {
		child := exec.Command(os.Args[0], "program", "wait", args[0])
		child.Stdout = os.Stdout
		if err := child.Start(); err != nil {
			panic(err)
		}
		fmt.Println("tok")
	},
	"wait": func(args []string) {
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if _, err := os.Stat(args[0]); err == nil {
				return
			}
		}
	},
}

// ownSession says whether this process leads a session, as far as Linux tells.
func ownSession() bool {
	stat, _ := os.ReadFile("/proc/self/stat")
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(fields) > 3 && string(fields[3]) == fmt.Sprint(os.Getpid())
}

func command(t *testing.T, args ...string) Command {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A program with the race detector would rest for a second at its end.
	return Command{Args: append([]string{self, "program"}, args...), Env: []string{"GORACE=atexit_sleep_ms=0"}, Dir: t.TempDir()}
}

func TestToken(t *testing.T) {
	for _, printed := range []string{"gAAAA-_=", "gAAAA-_=\n", " gAAAA-_= \r\n\n"} {
		if got, err := command(t, "print", printed).Token(t.Context()); err != nil || got != "gAAAA-_=" {
			t.Errorf("%q: got %q, %v", printed, got, err)
		}
	}
	long := strings.Repeat("x", tokenMax)
	if got, err := command(t, "print", long).Token(t.Context()); err != nil || got != long {
		t.Errorf("the longest: %v", err)
	}
}

func TestTokenRefuses(t *testing.T) {
	const secret = "hunter2"
	for _, test := range []struct {
		args   []string
		reason string
	}{
		{[]string{"print", ""}, "prints no token"},
		{[]string{"print", " \n"}, "prints no token"},
		{[]string{"print", secret + "\n" + secret}, "prints several lines"},
		{[]string{"print", secret + "\r" + secret}, "prints several lines"},
		{[]string{"print", secret + " " + secret}, "prints something that is not a token"},
		{[]string{"print", secret + "\x1b[0m"}, "prints something that is not a token"},
		{[]string{"print", secret + "ä"}, "prints something that is not a token"},
		{[]string{"print", secret + "\xff"}, "prints something that is not a token"},
		{[]string{"print", `{"id": "` + secret + `"}`}, "prints something that is not a token"},
		{[]string{"long"}, "prints a token of more than 16 KiB"},
		{[]string{"fail", secret}, "ended with exit status 3"},
		{[]string{"flood"}, "prints more than 64 KiB"},
	} {
		got, err := command(t, test.args...).Token(t.Context())
		failed, ok := errors.AsType[*FailedError](err)
		if !ok || !strings.HasPrefix(failed.Reason, test.reason) || got != "" || strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("%q: got %q, %v", test.args, got, err)
		}
	}
}

func TestTokenOfNoProgram(t *testing.T) {
	dir := t.TempDir()
	none := filepath.Join(dir, "none")
	if _, err := (Command{Args: []string{none}}).Token(t.Context()); !errors.As(err, new(*NotFoundError)) {
		t.Errorf("none: %v", err)
	}
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/nowhere/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o600, 0o700} {
		if err := os.Chmod(plain, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := (Command{Args: []string{plain}}).Token(t.Context()); !errors.As(err, new(*FailedError)) || !strings.Contains(err.Error(), "cannot be run: ") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	lost := command(t, "print", "tok")
	lost.Dir = none
	if _, err := lost.Token(t.Context()); !errors.As(err, new(*FailedError)) {
		t.Errorf("a directory that is not there: %v", err)
	}
	for _, args := range [][]string{nil, {""}, {"sh"}, {"./sh"}} {
		if _, err := (Command{Args: args}).Token(t.Context()); err == nil || !strings.Contains(err.Error(), "absolute") {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// The program sees nothing of this process, and nobody to ask.
func TestTokenOfACleanProgram(t *testing.T) {
	t.Setenv("PYTHONPATH", "/evil")
	for _, env := range [][]string{{"A=b", "HOME=/home/alice"}, nil} {
		file := filepath.Join(t.TempDir(), "seen")
		c := command(t, "env", file)
		c.Env = env
		if _, err := c.Token(t.Context()); err != nil {
			t.Fatal(err)
		}
		seen, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir, err := filepath.EvalSymlinks(c.Dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%q\n%q\n\"\" <nil>\ntrue true\n", slices.Clip(env), dir); runtime.GOOS == "linux" && string(seen) != want {
			t.Errorf("it sees %s\nwant %s", seen, want)
		}
		if strings.Contains(string(seen), "evil") {
			t.Errorf("it sees %s", seen)
		}
	}
}

func TestTokenShowsStderrOnRequest(t *testing.T) {
	var said bytes.Buffer
	c := command(t, "fail", "no ticket")
	c.Stderr = &said
	if _, err := c.Token(t.Context()); err == nil || strings.TrimSpace(said.String()) != "no ticket" {
		t.Errorf("got %q, %v", said.String(), err)
	}
}

func TestTokenIsNotWaitedFor(t *testing.T) {
	gone, stop := context.WithCancel(t.Context())
	born := make(chan string, 1)
	go func() {
		for file := range born {
			for _, err := os.Stat(file); err != nil; _, err = os.Stat(file) {
				time.Sleep(10 * time.Millisecond)
			}
			stop()
		}
	}()
	defer close(born)
	for name, test := range map[string]struct {
		ctx   context.Context
		limit time.Duration
		want  string
	}{
		"its own limit": {t.Context(), 2 * time.Second, "has not ended within 2s"},
		"the call's":    {nil, 0, "has not ended in time"},
		"Ctrl-C":        {gone, 0, context.Canceled.Error()},
	} {
		file := filepath.Join(t.TempDir(), "pid")
		c := command(t, "hang", file)
		c.Limit = test.limit
		switch test.ctx {
		case nil:
			late, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			test.ctx = late
		case gone:
			born <- file
		}
		start := time.Now()
		_, err := c.Token(test.ctx)
		if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, context.Canceled) != (name == "Ctrl-C") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("%s: it took %v", name, took)
		}
		wantDead(t, file)
	}
}

// wantDead checks that the process whose pid is in a file is no more.
func wantDead(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Log("it was killed before it had a child")
		return
	}
	if runtime.GOOS != "linux" {
		return
	}
	for range 200 {
		stat, err := os.ReadFile("/proc/" + string(text) + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("the child %s lives on", text)
}

// A child that holds the output holds nobody up.
func TestTokenThatLeavesAChild(t *testing.T) {
	file := filepath.Join(t.TempDir(), "end")
	defer func() { _ = os.WriteFile(file, nil, 0o600) }()
	start := time.Now()
	got, err := command(t, "leave", file).Token(t.Context())
	if err != nil || got != "tok" || time.Since(start) > 5*time.Second {
		t.Errorf("got %q, %v after %v", got, err, time.Since(start))
	}
}

func TestFind(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, name := filepath.Split(self)
	list := func(dirs ...string) string { return strings.Join(dirs, string(filepath.ListSeparator)) }
	for _, test := range []struct{ name, path string }{
		{self, ""}, {name, dir}, {name, list(t.TempDir(), dir)}, {name, list(".", dir)},
	} {
		if got, err := Find(test.name, test.path); err != nil || got != self {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	t.Chdir(filepath.Dir(filepath.Clean(dir)))
	if got, err := Find(name, filepath.Base(dir)); !errors.As(err, new(*NotFoundError)) {
		t.Errorf("in a relative directory: got %q, %v", got, err)
	}
	t.Chdir(dir)
	for _, test := range []struct{ name, path string }{
		{name, ""}, {name, "."}, {name, list(".", "")}, {name + "x", dir}, {self + "x", dir}, {"", dir}, {t.TempDir(), ""}, {".", "/"},
	} {
		if got, err := Find(test.name, test.path); !errors.As(err, new(*NotFoundError)) {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	if got, err := Find("."+string(filepath.Separator)+name, dir); !errors.As(err, new(*SyntaxError)) {
		t.Errorf("a relative path: got %q, %v", got, err)
	}
}
