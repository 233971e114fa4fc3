// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// debugging is a program that shows lines of debugging on w.
func debugging(w io.Writer) *program {
	return &program{
		streams: genericiooptions.IOStreams{ErrOut: w}, verbose: true,
		getenv: func(string) string { return "" }, keepPipe: func() {},
	}
}

func TestDebugLine(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	show := debugging(&said).debug()
	show("GET \x1b[2J\u202e\nnext")
	show(strings.Repeat("long", 1<<20))
	first, second, _ := strings.Cut(said.String(), "\n")
	if first != `kubectl-magnum: debug: GET \u001b[2J\u202e\u000anext` || len(second) > 1100 || strings.Count(second, "\n") != 1 {
		t.Errorf("%s\n%.2000s", first, second)
	}
}

// Nobody asked: nothing is made that could be told.
func TestDebugOff(t *testing.T) {
	t.Parallel()
	p := debugging(io.Discard)
	if p.verbose = false; p.debug() != nil {
		t.Error("there are lines of debugging")
	}
}

// A reader that does not read costs a call a second, once, whatever else the
// call has to say.
func TestDebugWithoutReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		p := debugging(writer)
		show, begin := p.debug(), time.Now()
		for range 100 {
			show("GET")
		}
		p.warn("something")
		if took := time.Since(begin); took != debugTime {
			t.Errorf("took %v", took)
		}
		_ = reader.Close()
	})
}

// What comes after a reader has gone on is not lost: an error, or a question.
func TestDebugAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader, writer := io.Pipe()
		p := debugging(writer)
		show, read := p.debug(), make(chan string)
		show("one")
		show("lost")
		go func() {
			text, _ := io.ReadAll(reader)
			read <- string(text)
		}()
		synctest.Wait()
		p.warn("two")
		_ = writer.Close()
		if got, want := <-read, "kubectl-magnum: debug: one\nkubectl-magnum: warning: two\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// Who stops a terminal wants to see all of it, a question above all.
func TestDebugOnATerminalStandsInNobodysWay(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	p := debugging(&screen)
	p.errTerminal = true
	if _ = p.debug(); p.streams.ErrOut != io.Writer(&screen) {
		t.Error("what is no line of debugging may be dropped")
	}
}

func TestDebugWriteFails(t *testing.T) {
	t.Parallel()
	w := &failingWriter{}
	show := debugging(w).debug()
	show("one")
	show("two")
	if w.n != 1 {
		t.Errorf("%d writes", w.n)
	}
}

type failingWriter struct{ n int }

func (w *failingWriter) Write([]byte) (int, error) {
	w.n++
	return 0, errors.New("no space left on device")
}

// A reader of stderr that has gone away does not end the process by SIGPIPE.
func TestDebugSurvivesItsReader(t *testing.T) {
	l := newLeaks(t, plainSecret)
	l.clouds(string(l.cloud.CloudsYAML()))
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	defer writer.Close()
	cmd := exec.CommandContext(t.Context(), "kubectl-magnum", "ca-show", "prod", "-v")
	cmd.Env = append(os.Environ(), "HOME="+l.home, "USERPROFILE="+l.home, "XDG_CONFIG_HOME=", "OS_CLOUD=alice")
	cmd.Stderr = writer
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("%v: %q", err, out)
	}
}

// What is shown meanwhile on a terminal makes way for a line, and comes back.
func TestDebugAboveProgress(t *testing.T) {
	t.Parallel()
	var said bytes.Buffer
	pr := &progress{out: &said, text: "logging in", shown: true}
	pr.above(func() { said.WriteString("GET\n") })
	if got, want := said.String(), "\r\x1b[KGET\n\r\x1b[Klogging in ..."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
