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
have copied its key: only ca-rotate ends it before. So does a token.`

// How long logout waits for a keyring: for an answer longer than kubectl does, for
// all of them, and for a person who has to answer dialogs.
const (
	answerTime       = 3 * time.Second
	logoutTime       = 10 * time.Second
	logoutTimeAsking = time.Minute
)

// logoutOptions are the flags of logout.
type logoutOptions struct {
	cluster oneCluster
	all     bool
}

func newLogoutCommand(p *program) *cobra.Command {
	o := &logoutOptions{}
	cmd := &cobra.Command{
		Use:   "logout [CLUSTER] | --all",
		Short: "Erase keys and tokens from every store",
		Long:  logoutHelp,
		Example: `  kubectl magnum logout prod
  kubectl magnum logout --all`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	o.cluster.addFlag(cmd.Flags())
	cmd.Flags().BoolVar(&o.all, "all", false, "of every cluster")
	return cmd
}

func (o *logoutOptions) run(cmd *cobra.Command, p *program, args []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	name := ""
	if named := len(args) > 0 || o.cluster.flag != ""; named == o.all {
		return usagef("name a cluster, or say --all for every one")
	} else if named {
		var err error
		if name, err = o.cluster.name(cmd, args); err != nil {
			return err
		}
	}
	var done []plugin.StoreLogout
	err := p.useCase(cmd.Context(), openstack.Options{}, cacheOptions{choice: "none"}, func(pl *plugin.Plugin, _ *progress) (err error) {
		done, err = pl.Logout(cmd.Context(), plugin.LogoutRequest{
			Cluster: name, Stores: allStores(p),
			Absent:   func(err error) bool { return errors.Is(err, cache.ErrAbsent) },
			Hopeless: func(err error) bool { return errors.Is(err, cache.ErrTimeout) },
		})
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
	return err
}

func logoutLine(s plugin.StoreLogout, cluster string) string {
	of := "of yours"
	if cluster != "" {
		of = fmt.Sprintf("for cluster %q", cluster)
	}
	switch {
	case errors.Is(s.Err, cache.ErrAbsent):
		return fmt.Sprintf("The %s was used, may still hold a key %s, and cannot be reached from here.", s.Store, of)
	case errors.Is(s.Err, cache.ErrUnavailable):
		return fmt.Sprintf("The %s may still hold a key %s, as it does not let us erase it.", s.Store, of)
	case s.Err != nil:
		return fmt.Sprintf("The %s may still hold a key %s, as %s.", s.Store, of, storeProblem(s.Err))
	case s.Skipped:
		return fmt.Sprintf("There is no %s here, or it is not used.", s.Store)
	case s.Unsure:
		return fmt.Sprintf("The %s holds no key %s that is known here; kubectl magnum logout --all erases whatever it holds.", s.Store, of)
	}
	return fmt.Sprintf("The %s holds no key %s any more.", s.Store, of)
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
