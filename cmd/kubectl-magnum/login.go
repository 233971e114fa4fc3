// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const loginHelp = `Make an application credential for kubectl magnum, and keep its secret in the
keyring. From then on config and kubectl need no password.

It may read clusters, their templates and CAs, and have certificates signed, and
nothing else; it always expires. What the login lacks, such as the password, is
asked for on the terminal. A former login of the same user for the same project
is revoked. kubectl magnum logout --login ends it.`

const loginExamples = `  kubectl magnum login --os-cloud work
  . openrc.sh && kubectl magnum login --expires 30d`

// loginOptions are the flags of login.
type loginOptions struct {
	cloud   openstack.Options
	expires string
	command tokenCommandOptions
}

func newLoginCommand(p *program) *cobra.Command {
	o := &loginOptions{}
	cmd := &cobra.Command{
		Use:     "login [--token-command COMMAND]",
		Short:   "Keep a login that may only read clusters and sign",
		Long:    loginHelp + "\n\n" + tokenCommandHelp,
		Example: loginExamples + "\n" + commandExamples,
		Args:    usageArgs(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd, p) },
	}
	fs := cmd.Flags()
	addLoginFlags(fs, &o.cloud)
	o.command.addFlag(fs)
	fs.StringVar(&o.expires, "expires", "90d", "`duration` after which it expires: days as 90d, or hours as 12h")
	return cmd
}

func (o *loginOptions) run(cmd *cobra.Command, p *program) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	life, err := parseLife(o.expires)
	if err != nil {
		return err
	}
	if o.command.given() {
		if cmd.Flags().Changed("expires") {
			return usagef("--expires does not go with --token-command, which keeps nothing that ends")
		}
		return o.command.run(cmd.Context(), p, o.cloud)
	}
	if choice := p.getenv(cacheVar); choice == "kernel" || choice == "none" {
		return usagef("%s is %q, but login keeps its secret in the keyring", cacheVar, choice)
	}
	var result *plugin.LoginResult
	// Who interrupts it waits until what was made is taken back.
	late := plugin.UndoTime + grace
	err = p.useCaseUntil(cmd.Context(), late, o.cloud, cacheOptions{}, func(pl *plugin.Plugin, pr *progress) (err error) {
		pl.Cloud.Ask = func(q openstack.Question) (answer string, err error) {
			err = pr.aside(func() error {
				answer, err = p.ask(cmd.Context(), q)
				return err
			})
			return answer, err
		}
		result, err = pl.Login(cmd.Context(), plugin.LoginRequest{Life: life, Host: p.host})
		return err
	})
	if err != nil {
		return err
	}
	return p.printLogin(result)
}

// parseLife reads a duration that may be in days.
func parseLife(text string) (time.Duration, error) {
	life, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var days int
		if days, err = strconv.Atoi(number); err == nil {
			life = time.Duration(min(max(days, 0), 1000)) * 24 * time.Hour
		}
	}
	switch {
	case err != nil:
		return 0, usagef("--expires is %q; it is days, as 90d, or hours, as 12h", text)
	case life < plugin.LoginMin || life > plugin.LoginMax:
		return 0, usagef("--expires is %s; it is from %s to %dd", text, formatAge(plugin.LoginMin), plugin.LoginMax/(24*time.Hour))
	}
	return life, nil
}

// noTerminalError is a question that there is nobody to answer.
type noTerminalError struct{ setting string }

func (e *noTerminalError) Error() string {
	return fmt.Sprintf("there is no %s, and no terminal to ask for it on", e.setting)
}

// asked are the words for what is asked for; <user> is whose it is.
var asked = map[string]string{
	"username":            "User name",
	"user_domain_name":    "Domain of <user>",
	"password":            "Password of <user>",
	"passcode":            "Passcode of <user>",
	"project_name":        "Project",
	"project_domain_name": "Domain of the project",
}

// ask asks a person on the terminal.
func (p *program) ask(ctx context.Context, q openstack.Question) (string, error) {
	if !p.inTerminal || !p.errTerminal {
		return "", &noTerminalError{setting: q.Setting}
	}
	prompt := tell(asked[q.Setting], "user", q.User) + " at " + q.AuthURL
	if q.Default != "" {
		prompt += " (" + q.Default + ")"
	}
	fmt.Fprintf(p.streams.ErrOut, "%s: ", escape(prompt))
	read := func(context.Context) (string, error) { return readLine(p.streams.In) }
	if q.Secret {
		read = p.readSecret
	}
	answer, err := interruptible(ctx, read)
	if q.Secret || err != nil {
		fmt.Fprintln(p.streams.ErrOut) // which nobody typed, or nobody sees
	}
	if errors.Is(err, io.EOF) {
		return "", &noTerminalError{setting: q.Setting}
	}
	return answer, err
}

// interruptible does not wait for a read that ctx ends.
func interruptible(ctx context.Context, read func(context.Context) (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	done := make(chan line, 1)
	go func() {
		text, err := read(ctx)
		done <- line{text, err}
	}()
	select {
	case l := <-done:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// answerMax is the longest answer that is read.
const answerMax = 1 << 10

// readLine reads a line and no more: what follows is the next answer.
func readLine(in io.Reader) (string, error) {
	var line []byte
	for char := make([]byte, 1); len(line) < answerMax; {
		n, err := in.Read(char)
		switch {
		case n == 1 && char[0] == '\n':
			return strings.TrimSpace(string(line)), nil
		case n == 1:
			line = append(line, char[0])
		case err != nil:
			return "", err
		}
	}
	return "", errors.New("the answer is too long")
}

func (p *program) printLogin(r *plugin.LoginResult) error {
	if r.Unverified {
		p.warn("Keystone or Magnum is reached without verified TLS: whoever is on the way has seen the password and the secret")
	}
	for _, left := range r.Left {
		p.warnLeft(left)
	}
	for _, line := range []string{
		fmt.Sprintf("Logged in to %s as %q for project %q, until %s UTC.", ofCloud(r.Cloud), r.User, r.Project, r.ExpiresAt.UTC().Format("2006-01-02 15:04")),
		fmt.Sprintf("The application credential %s (%s) may do this and nothing else: %s.", r.Name, r.ID, strings.Join(r.Rules, ", ")),
		fmt.Sprintf("Magnum has shown it %s. Its secret is in the %s and in no file.", count(r.Clusters, "cluster"), r.Store),
	} {
		if _, err := fmt.Fprintln(p.streams.Out, escape(line)); err != nil {
			return err
		}
	}
	return nil
}

// warnLeft tells that an application credential is left, and how to revoke it.
func (p *program) warnLeft(left *plugin.LeftError) {
	p.warn(left.Error())
	p.hint(revokeHint(left))
}

func ofCloud(name string) string {
	if name == "" {
		return "the cloud of the OS_* variables"
	}
	return fmt.Sprintf("cloud %q", name)
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
