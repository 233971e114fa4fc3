// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/tokencommand"
)

// testOnlyHome, when tests set it, takes the place of the home directory that the
// system has for the account.
var testOnlyHome string

// lookUpAccount finds the account that this process runs for, by its uid and by
// nothing in the environment.
func lookUpAccount(uid int) (settings.Account, error) {
	if testOnlyHome != "" {
		return settings.Account{Name: "tester", Home: testOnlyHome, UID: uid}, nil
	}
	return settings.LookUp(uid)
}

const tokenCommandHelp = `Have another program log in to a cloud of clouds.yaml, for what this one cannot
do by itself: OIDC, Kerberos, SAML. It prints a token on standard output, in one
line, and is run whenever a new certificate is needed.

It is run once, and its token tried, before it is kept in
~/.config/kubectl-magnum/config.yaml. From then on its token goes to this cloud
and nowhere else. It is run without a shell, a terminal or input, for at most
15 s, and gets of today's environment PATH, language, Kerberos, session bus and
proxies, and nothing else; OS_CLOUD names the cloud. --token-command none
removes it.`

const commandExamples = `  kubectl magnum login --os-cloud work --token-command 'openstack token issue -f value -c id'
  kubectl magnum login --os-cloud work --token-command none`

// removeCommand is the command line that takes a token command away.
const removeCommand = "none"

// tokenCommandOptions are what login takes about token commands.
type tokenCommandOptions struct{ line string }

func (o *tokenCommandOptions) addFlag(fs *pflag.FlagSet) {
	fs.StringVar(&o.line, "token-command", "", "`command` that prints a token for the cloud; none removes it")
}

func (o *tokenCommandOptions) given() bool { return o.line != "" }

// run keeps or removes the token command of a cloud.
func (o *tokenCommandOptions) run(ctx context.Context, p *program, cloud openstack.Options) error {
	if o.line == removeCommand {
		return o.remove(ctx, p, cloud)
	}
	said := &said{}
	r := plugin.TokenCommandRequest{Line: o.line}
	if p.errTerminal {
		r.Stderr = said // for the one who sits there; elsewhere it would become a log
	}
	var result plugin.TokenCommandResult
	err := p.useCase(ctx, cloud, cacheOptions{choice: "none"}, func(pl *plugin.Plugin, _ *progress) (err error) {
		result, err = pl.SetTokenCommand(ctx, r)
		return err
	})
	var syntax *tokencommand.SyntaxError
	var failed *openstack.TokenCommandError
	switch {
	case errors.As(err, &syntax):
		return usagef("--token-command: %v", err)
	case errors.As(err, &failed):
		for _, line := range said.lines() {
			fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: it says: %s\n", escape(line))
		}
		return &newCommandError{err}
	case err != nil:
		return err
	}
	fmt.Fprint(p.streams.Out, tokenCommandSummary(result))
	if kept := result.Kept; kept != nil {
		p.warn("the login that is kept for it goes first, until it has ended")
		p.hint(loginHint(hintKeptFirst, kept.Cloud))
	}
	return nil
}

func (o *tokenCommandOptions) remove(ctx context.Context, p *program, cloud openstack.Options) error {
	var name string
	var removed bool
	err := p.useCase(ctx, cloud, cacheOptions{choice: "none"}, func(pl *plugin.Plugin, _ *progress) (err error) {
		name, removed, err = pl.RemoveTokenCommand(ctx)
		return err
	})
	switch {
	case err != nil:
		return err
	case removed:
		fmt.Fprintf(p.streams.Out, "Cloud %q has no token command any more.\n", escape(name))
	default:
		fmt.Fprintf(p.streams.Out, "Cloud %q has no token command.\n", escape(name))
	}
	return nil
}

// newCommandError is about a token command that somebody has just typed.
type newCommandError struct{ err error }

func (e *newCommandError) Error() string { return e.err.Error() }
func (e *newCommandError) Unwrap() error { return e.err }

func tokenCommandSummary(r plugin.TokenCommandResult) string {
	return escape(fmt.Sprintf("Cloud %q logs in with the token of %s from now on.", r.Cloud, r.Program)) + "\n" +
		escape(fmt.Sprintf("It is of user %q (%s) for project %q (%s), and good until %s.", r.UserName, r.UserID,
			r.ProjectName, r.ProjectID, r.ExpiresAt.UTC().Format(time.DateTime+" UTC"))) + "\n" +
		escape(fmt.Sprintf("The command is kept in %s; its token goes to %s.", r.File, r.Keystone)) + "\n"
}

const saidMax = 4 << 10 // bytes

// said is what a program says on stderr, the beginning of it.
type said struct {
	mu   sync.Mutex // a program that is given up may go on
	text []byte
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, p[:min(len(p), saidMax-len(s.text))]...)
	return len(p), nil
}

func (s *said) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.FieldsFunc(string(s.text), func(r rune) bool { return r == '\n' || r == '\r' })
}
