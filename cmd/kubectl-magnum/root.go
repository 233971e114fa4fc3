// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/process"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/settings"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// program is all of the process that commands may see.
type program struct {
	args       []string
	streams    genericiooptions.IOStreams
	getenv     func(string) string
	home       string
	workDir    string
	executable string
	uid        int
	pid        int
	host       string
	now        func() time.Time
	parent     func() process.ID
	account    func() (settings.Account, error) // nil for none
	verbose    bool                             // --verbose
	// readSecret reads a line from the terminal that is not shown.
	readSecret func(ctx context.Context) (string, error)
	// keepPipe keeps a reader of stderr that goes away from ending the process.
	keepPipe func()

	inTerminal, outTerminal, errTerminal bool
}

// Exit codes, as the help says.
const (
	exitError = 1
	exitUsage = 2
	exitLogin = 4
)

const rootHelp = `Reach OpenStack Magnum clusters with kubectl, without private keys on disk.

  kubectl magnum config prod     # once
  kubectl get nodes              # from then on

Environment:
  OS_CLOUD, OS_*                 the OpenStack login, as for the openstack command
  KUBECONFIG                     as for kubectl
  KUBECTL_MAGNUM_CACHE           where keys are kept: auto (default), keyring, kernel, none
  KUBECTL_MAGNUM_DEBUG=1         as --verbose, for what kubectl runs
  XDG_STATE_HOME, XDG_DATA_HOME  where facts that are not secret are kept

Exit codes: 0 done, 1 error, 2 wrong usage, 4 OpenStack login needed.`

// run is the program: it returns the exit code.
func run(ctx context.Context, p *program) int {
	root := &cobra.Command{
		Use:               "kubectl-magnum",
		Short:             "Reach OpenStack Magnum clusters with kubectl",
		Long:              rootHelp,
		Annotations:       map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl magnum"},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              unknownCommand,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Version:           buildVersion(),
	}
	root.SetArgs(p.args)
	root.SetIn(p.streams.In)
	root.SetOut(p.streams.Out)
	root.SetErr(p.streams.ErrOut)
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "show on stderr what is asked of OpenStack and the cluster, without secrets")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(
		newConfigCommand(p),
		newClusterConfigCommand(p),
		newCredentialCommand(p),
		newCAShowCommand(p),
		newCARotateCommand(p),
		newCASignCommand(p),
		newStatusCommand(p),
		newLoginCommand(p),
		newNodeCertsCommand(p),
		newLogoutCommand(p),
		newRemoveCommand(p),
		newVersionCommand(p),
	)
	return p.report(root.ExecuteContext(ctx))
}

// usageError is wrong usage of the command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// unknownCommand refuses what is no command and says which may be meant.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	if meant := root.SuggestionsFor(args[0]); len(meant) > 0 {
		return usagef("there is no command %q; did you mean %s?", args[0], strings.Join(meant, " or "))
	}
	return usagef("there is no command %q; kubectl magnum --help lists them", args[0])
}

// noEmptyFlags refuses a flag whose value is empty: it was given with a
// variable that is not set, and would mean something else than was meant.
func noEmptyFlags(fs *pflag.FlagSet) error {
	var err error
	fs.Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "string" && f.Value.String() == "" {
			err = usagef("--%s is empty", f.Name)
		}
	})
	return err
}

// usageArgs makes a refusal of positional arguments wrong usage.
func usageArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return &usageError{err}
		}
		return nil
	}
}

// report tells people about err, with advice, and returns the exit code.
func (p *program) report(err error) int {
	var repeated *plugin.RepeatedError
	if err == nil {
		return 0
	}
	if errors.As(err, &repeated) {
		return repeated.Code // kubectl runs a failing plugin again at once: said once is enough
	}
	if _, left := errors.AsType[*plugin.LeftError](err); errors.Is(err, context.Canceled) && !left {
		fmt.Fprintln(p.streams.ErrOut, "kubectl-magnum: interrupted")
		return exitError
	}
	fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: error: %s\n", escape(err.Error()))
	for _, hint := range hints(err) {
		p.hint(hint)
	}
	return exitCode(err)
}

func (p *program) hint(text string) {
	fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: hint: %s\n", escape(text))
}

func exitCode(err error) int {
	var usage *usageError
	var auth *openstack.AuthError
	var noCloud *openstack.NoCloudError
	var name *plugin.NameError
	var ended *plugin.EndedTokenError
	var rules *plugin.RulesRefusedError
	var kept *plugin.KeptLoginError
	var delegate *plugin.MayNotDelegateError
	var unasked *noTerminalError
	var command *openstack.TokenCommandError
	var node *nodecert.NodeError
	switch {
	case errors.As(err, &usage), errors.As(err, &name), errors.As(err, &node):
		return exitUsage
	case errors.As(err, &rules):
		return exitError // the login is good
	case errors.As(err, &auth), errors.As(err, &noCloud), errors.As(err, &kept), errors.As(err, &delegate), errors.As(err, &unasked),
		errors.As(err, &command), errors.As(err, &ended) && ended.Given, errors.Is(err, plugin.ErrTokenRevoked):
		return exitLogin
	}
	return exitError
}

// plugin puts the use cases on this process.
func (p *program) plugin(cloud openstack.Options, cache cacheOptions) (*plugin.Plugin, error) {
	dir := state.Locate(p.getenv, p.home)
	store, err := newStore(p, cache, dir)
	if err != nil {
		return nil, err
	}
	cloud.Getenv, cloud.Home, cloud.WorkDir, cloud.Now = p.getenv, p.home, p.workDir, p.now
	return &plugin.Plugin{
		Cloud:     cloud,
		Store:     store,
		Logins:    newLogins(p, cache, dir),
		State:     dir,
		Now:       p.now,
		UserAgent: "kubectl-magnum/" + strings.TrimPrefix(buildVersion(), "v"),
		Account:   p.account,
		Owner:     kubeconfig.LockOwner{PID: p.pid, Host: p.host},
		Progress:  func(string) {},
		Debug:     p.debug(),
	}, nil
}
