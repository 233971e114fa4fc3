// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/cache"
	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

const logoutHelp = `Erase the keys and tokens of a cluster, or with --all of every cluster, from each
store that this machine has, whichever is in use. Contexts stay, and the next
kubectl call gets a new one if the OpenStack login still works.

A certificate that Magnum has signed stays good until its end, for whoever may
have copied its key: only ca-rotate ends it before. So does a token of Keystone's,
whatever becomes of the CA.

--all ends the logins that kubectl magnum login keeps, too, and --login those
alone: their secrets are erased, and the application credentials revoked if a
full login is at hand. If not, the command that revokes them is shown.`

// How long logout waits for a keyring: for an answer longer than kubectl does, for
// all of them, and for a person who has to answer dialogs.
const (
	answerTime       = 3 * time.Second
	logoutTime       = 10 * time.Second
	logoutTimeAsking = time.Minute
)

// logoutOptions are the flags of logout.
type logoutOptions struct {
	cloud   openstack.Options
	cluster oneCluster
	all     bool
	login   bool
}

func newLogoutCommand(p *program) *cobra.Command {
	o := &logoutOptions{}
	cmd := &cobra.Command{
		Use:   "logout [CLUSTER] | --all | --login",
		Short: "Erase keys and tokens from every store, and end kept logins",
		Long:  logoutHelp,
		Example: `  kubectl magnum logout prod
  kubectl magnum logout --all
  kubectl magnum logout --login --os-cloud work`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	o.cluster.addFlag(cmd.Flags())
	fs := cmd.Flags()
	fs.BoolVar(&o.all, "all", false, "of every cluster, and every kept login")
	fs.BoolVar(&o.login, "login", false, "end kept logins, of every cloud or of --os-cloud alone, and no keys")
	addLoginFlags(fs, &o.cloud)
	return cmd
}

func (o *logoutOptions) run(cmd *cobra.Command, p *program, args []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	name, err := o.named(cmd, args)
	if err != nil {
		return err
	}
	var done []plugin.StoreLogout
	var ended []plugin.EndedLogin
	err = p.useCase(cmd.Context(), o.cloud, cacheOptions{choice: "none"}, func(pl *plugin.Plugin, _ *progress) (err error) {
		if o.login {
			ended, err = pl.EndLogins(cmd.Context(), plugin.EndLoginsRequest{Cloud: o.cloud.Cloud})
			return err
		}
		request := logoutRequest(p)
		request.Cluster = name
		done, err = pl.Logout(cmd.Context(), request)
		var incomplete *plugin.LogoutError
		if o.all && (err == nil || errors.As(err, &incomplete)) {
			ended, _ = pl.EndLogins(cmd.Context(), plugin.EndLoginsRequest{Erased: err == nil}) // that there is none is no error here
		}
		return err
	})
	var incomplete *plugin.LogoutError
	if err != nil && !errors.As(err, &incomplete) {
		return err
	}
	if incomplete != nil {
		done = incomplete.Stores
	}
	for _, s := range done {
		fmt.Fprintln(p.streams.Out, escape(logoutLine(s, name)))
	}
	return errors.Join(err, p.printEnded(ended))
}

// errSecretLeft is a secret that could not be erased, of an application credential
// that could not be revoked.
var errSecretLeft = errors.New("a secret could not be erased; it is not used again here, and the same command tries again")

// named is the cluster that is meant, "" for all of them or for logins.
func (o *logoutOptions) named(cmd *cobra.Command, args []string) (string, error) {
	kinds := 0
	for _, given := range []bool{len(args) > 0 || o.cluster.flag != "", o.all, o.login} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return "", usagef("name a cluster, or say --all for every one, or --login for kept logins")
	case !o.login && (o.cloud.Cloud != "" || o.cloud.Region != "" || o.cloud.CACert != ""):
		return "", usagef("--os-cloud, --os-region-name and --os-cacert go with --login")
	case o.all || o.login:
		return "", nil
	}
	return o.cluster.name(cmd, args)
}

// printEnded says what became of logins. An error is one of a secret that is left.
func (p *program) printEnded(ended []plugin.EndedLogin) error {
	var failed error
	for _, e := range ended {
		of := fmt.Sprintf("The login of %s as %q for project %q", ofCloud(e.Cloud), e.User, e.Project)
		switch {
		case e.Left == nil:
			fmt.Fprintln(p.streams.Out, escape(of+" has ended: its application credential is revoked."))
		case e.Store != nil:
			failed = errSecretLeft
			fmt.Fprintln(p.streams.Out, escape(fmt.Sprintf("%s is not used here any more, but its secret may still be in the keyring, as %s.", of, storeProblem(e.Store))))
			p.warnLeft(e.Left)
		default:
			fmt.Fprintln(p.streams.Out, escape(of+" is not used here any more."))
			p.warnLeft(e.Left)
		}
	}
	return failed
}

func logoutLine(s plugin.StoreLogout, cluster string) string {
	of := "of yours"
	if cluster != "" {
		of = fmt.Sprintf("for cluster %q", cluster)
	}
	switch {
	case errors.Is(s.Err, cache.ErrAbsent):
		return fmt.Sprintf("The %s was used, may still hold a key or token %s, and cannot be reached from here.", s.Store, of)
	case errors.Is(s.Err, cache.ErrUnavailable):
		return fmt.Sprintf("The %s may still hold a key or token %s, as it does not let us erase it.", s.Store, of)
	case s.Err != nil:
		return fmt.Sprintf("The %s may still hold a key or token %s, as %s.", s.Store, of, storeProblem(s.Err))
	case s.Skipped:
		return fmt.Sprintf("There is no %s here, or it is not used.", s.Store)
	case s.Unsure:
		return fmt.Sprintf("The %s holds no key or token %s that is known here; kubectl magnum logout --all erases whatever it holds.", s.Store, of)
	}
	return fmt.Sprintf("The %s holds no key or token %s any more.", s.Store, of)
}

// logoutRequest is to erase what any store may have.
func logoutRequest(p *program) plugin.LogoutRequest {
	return plugin.LogoutRequest{
		Stores:   allStores(p),
		Absent:   func(err error) bool { return errors.Is(err, cache.ErrAbsent) },
		Hopeless: func(err error) bool { return errors.Is(err, cache.ErrTimeout) },
	}
}

// allStores are the stores that a record may be in.
func allStores(p *program) []plugin.LogoutStore {
	if testOnlyStore != nil {
		return []plugin.LogoutStore{{ClearableStore: testOnlyStore, Time: logoutTime}}
	}
	keyring := &cache.Keyring{Getenv: p.getenv, UID: p.uid, ReadTimeout: answerTime, WriteTimeout: logoutTime}
	most := logoutTime
	if p.inTerminal && p.errTerminal {
		keyring.MayAsk, keyring.WriteTimeout, most = true, logoutTimeAsking, logoutTimeAsking
	}
	stores := []plugin.LogoutStore{{ClearableStore: keyring, Time: most}}
	if runtime.GOOS == "linux" {
		shared := p.inContainer() && p.getenv(cacheVar) != "kernel"
		stores = append(stores, plugin.LogoutStore{ClearableStore: newKernel(), Time: logoutTime, OnlyIfUsed: shared})
	}
	return stores
}
