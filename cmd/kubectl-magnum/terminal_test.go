// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// Without --yes there has to be somebody who sees the question and can answer
// it; who looks on is waited for.
func TestRotateOnATerminal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in, err    bool // is a terminal
		flags      string
		ask, waits bool
	}{
		{true, true, "", true, true},
		{true, false, "", false, false},
		{false, true, "", false, true},
		{false, false, "", false, false},
		{false, false, "--yes", true, false},
		{false, true, "--yes", true, true},
		{false, true, "--yes --no-wait", true, false},
		{false, false, "--yes --wait", true, true},
	} {
		p := &program{inTerminal: test.in, errTerminal: test.err}
		o := &rotateOptions{yes: strings.Contains(test.flags, "--yes"), wait: strings.Contains(test.flags, "--wait"), noWait: strings.Contains(test.flags, "--no-wait"), timeout: time.Hour}
		_, err := o.check(newCARotateCommand(p), p, []string{"prod"})
		if (err == nil) != test.ask || o.waits(p) != test.waits {
			t.Errorf("%+v: got %v, waits %v", test, err, o.waits(p))
		}
	}
}

// A terminal that is torn away has not said yes, nor does one that never ends.
func TestConfirmRotationOnABadTerminal(t *testing.T) {
	t.Parallel()
	endless := &counted{Reader: strings.NewReader(strings.Repeat(" ", 1<<20))}
	for name, in := range map[string]io.Reader{
		"torn":    io.MultiReader(strings.NewReader("yes"), failing{}),
		"endless": endless,
	} {
		p := &program{streams: genericiooptions.IOStreams{In: in, Out: io.Discard, ErrOut: io.Discard}}
		if err := p.confirmRotation(plugin.RotatePlan{}, false); !errors.Is(err, errNotConfirmed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if endless.n > 1<<16 {
		t.Errorf("%d bytes were read", endless.n)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// A person is asked one thing after the other, and sees where the answer goes.
func TestAskOnATerminal(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	p := &program{
		inTerminal: true, errTerminal: true,
		streams:    genericiooptions.IOStreams{In: strings.NewReader("alice \n\ndemo\n"), ErrOut: &said},
		readSecret: func(context.Context) (string, error) { return "hunter2", nil },
	}
	ask := func(q openstack.Question, want string) {
		t.Helper()
		q.AuthURL = "https://k.example/v3"
		if got, err := p.ask(t.Context(), q); got != want || err != nil {
			t.Errorf("%s: got %q, %v", q.Setting, got, err)
		}
	}
	ask(openstack.Question{Setting: "username"}, "alice")
	ask(openstack.Question{Setting: "user_domain_name", User: "alice", Default: "Default"}, "")
	ask(openstack.Question{Setting: "password", User: "al\x1b[2Jice", Secret: true}, "hunter2")
	ask(openstack.Question{Setting: "project_name", User: "alice"}, "demo")
	want := "User name at https://k.example/v3: " +
		"Domain of alice at https://k.example/v3 (Default): " +
		"Password of al\\u001b[2Jice at https://k.example/v3: \n" +
		"Project at https://k.example/v3: "
	if diff := cmp.Diff(want, said.String()); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	var unasked *noTerminalError
	if _, err := p.ask(t.Context(), openstack.Question{Setting: "username"}); !errors.As(err, &unasked) {
		t.Errorf("a terminal that is gone: got %v", err)
	}
	for _, half := range []*program{{inTerminal: true}, {errTerminal: true}, {}} {
		if _, err := half.ask(t.Context(), openstack.Question{Setting: "password", Secret: true}); !errors.As(err, &unasked) {
			t.Errorf("%+v: got %v", half, err)
		}
	}
}

// Whoever presses Ctrl-C is not waited for.
func TestAskIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	defer out.Close()
	p := &program{
		inTerminal: true, errTerminal: true, streams: genericiooptions.IOStreams{In: in, ErrOut: io.Discard},
		readSecret: func(context.Context) (string, error) { cancel(); select {} },
	}
	if _, err := p.ask(ctx, openstack.Question{Setting: "password", Secret: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := p.ask(ctx, openstack.Question{Setting: "username"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// What has not been proved is not said to be.
func TestRotationSummary(t *testing.T) {
	t.Parallel()
	const refused, accepted, unknown = rotation.Refused, rotation.Accepted, rotation.NotShown
	for _, test := range []struct {
		old, new rotation.Verdict
		err      error
		proved   string // "" if nothing is
		warned   string
	}{
		{refused, accepted, nil, "the old credential is refused, and the new one is accepted", ""},
		{unknown, accepted, nil, "There was no old one left to try", ""},
		{unknown, accepted, errors.New("down"), "the new credential is accepted.\n", "whether it refuses the old CA: down"},
		{unknown, unknown, errors.New("down"), "", "whether it accepts the new CA: down"},
	} {
		var out, said strings.Builder
		p := &program{streams: genericiooptions.IOStreams{Out: &out, ErrOut: &said}}
		r := &plugin.RotateResult{Name: "prod\x1b[2J", Complete: true, Proof: plugin.Proof{Old: test.old, New: test.new, Err: test.err}}
		if err := p.printRotation(r, "again", ""); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "Proved") != (test.proved != "") || !strings.Contains(out.String(), test.proved) {
			t.Errorf("printed %q", out.String())
		}
		if !strings.Contains(said.String(), test.warned) || (said.Len() > 0) != (test.warned != "") {
			t.Errorf("said %q", said.String())
		}
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("a terminal obeys %q", out.String())
		}
	}
}

// No name from outside gives orders to a terminal or a shell.
func TestNamesGiveNoOrders(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2J'; rm -rf ~\r"
	s := plugin.ClusterStatus{
		Name: evil, Status: evil, Server: evil, Verdict: evil,
		Credentials: []plugin.CredentialStatus{{User: evil, Groups: []string{evil}}, {User: evil, Groups: []string{evil}, Store: "x", CA: "aa"}},
	}
	if text := statusText([]plugin.ClusterStatus{s}, time.Now()); strings.ContainsAny(text, "\x1b\r") {
		t.Errorf("a terminal obeys %q", text)
	}
	info := newStatusInfo(s)
	if strings.ContainsAny(info.Cluster+info.Server+info.Status+info.Verdict+info.Credentials[0].User, "\x1b\r") {
		t.Errorf("a terminal obeys %+v", info)
	}
	o := &credentialOptions{identity: credential.Identity{Cluster: "u", User: "b c", Groups: []string{"$(d)"}}, context: "a; b"}
	want := "kubectl magnum config u --context " + quoteArg("a; b") + " --user " + quoteArg("b c") + " --group " + quoteArg("$(d)") + " "
	if got := o.configLine(); !strings.HasPrefix(got, want) {
		t.Errorf("got %s", got)
	}
}

// Progress keeps off a terminal that somebody else has, and off one that it has
// left.
func TestProgressLeavesTheTerminal(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := &progress{out: &out}
	p.line("before it is shown")
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
	p.show()
	if err := p.aside(func() error {
		out.Reset()
		p.line("aside")
		p.show()
		if out.Len() > 0 {
			t.Errorf("aside: wrote %q", out.String())
		}
		return errNotConfirmed
	}); !errors.Is(err, errNotConfirmed) {
		t.Errorf("got %v", err)
	}
	p.line("a\x1b[2Jb")
	p.say(&out, "c\x1b[2Jd")
	if text := strings.ReplaceAll(out.String(), "\r\x1b[K", ""); strings.Contains(text, "\x1b") || !strings.Contains(text, "kubectl-magnum: c") {
		t.Errorf("wrote %q", text)
	}
	p.end()
	out.Reset()
	p.show()
	p.line("too late")
	if out.Len() > 0 {
		t.Errorf("after the end: wrote %q", out.String())
	}
}
