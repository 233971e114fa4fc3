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

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// errTerminal keeps a key off the screen.
var errTerminal = errors.New("the answer holds a private key or a token and is not written to a terminal")

// credentialOptions are the arguments that config wrote into a kubeconfig.
// They are names and ids; the file may be anybody's, so there is none here
// that runs, writes or reads anything of its choice.
type credentialOptions struct {
	identity    credential.Identity
	auth        authOption
	clusterName string
	context     string
	cloud       openstack.Options
	cache       cacheOptions
	maxAge      time.Duration
	lease       time.Duration
}

func newCredentialCommand(p *program) *cobra.Command {
	o := &credentialOptions{}
	cmd := &cobra.Command{
		Use:    "credential",
		Short:  "Answer kubectl with a credential; kubectl runs this",
		Hidden: true,
		Args:   usageArgs(cobra.NoArgs),
		RunE:   func(cmd *cobra.Command, _ []string) error { return o.run(cmd, p) },
	}
	fs := cmd.Flags()
	fs.StringVar(&o.identity.Cluster, "cluster", "", "cluster's UUID")
	fs.StringVar(&o.clusterName, "cluster-name", "", "cluster's name, for messages")
	fs.StringVar(&o.context, "context", "", "context's name, for messages (default: the cluster's)")
	fs.StringVar(&o.identity.Project, "project-id", "", "OpenStack project the login must be for")
	fs.StringVar(&o.identity.Owner, "user-id", "", "OpenStack user the login must be of")
	o.auth.addFlag(fs)
	fs.StringVar(&o.identity.User, "user", "", "user name in the certificate")
	fs.StringArrayVar(&o.identity.Groups, "group", nil, "group in the certificate")
	fs.DurationVar(&o.maxAge, "max-age", 12*time.Hour, "how long a key is kept")
	fs.DurationVar(&o.lease, "lease", time.Minute, "how long a client may use a key before it asks again")
	addShortLivedFlag(fs, &o.identity.ShortLived)
	addCloudFlags(fs, &o.cloud)
	o.cache.addFlag(fs)
	return cmd
}

func (o *credentialOptions) run(cmd *cobra.Command, p *program) error {
	if p.outTerminal {
		return &usageError{errTerminal}
	}
	exec, err := credential.ParseExecInfo(p.getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return &usageError{err}
	}
	if !state.ValidUUID(o.identity.Cluster) {
		return usagef("--cluster is %q, not a cluster's UUID", o.identity.Cluster)
	}
	if err := o.checkIdentity(cmd.Flags()); err != nil {
		return err
	}
	if err := checkMaxAge(o.maxAge); err != nil {
		return err
	}
	if err := checkLease(o.lease); err != nil {
		return err
	}
	if err := checkShortLived(cmd.Flags(), o.identity.ShortLived); err != nil {
		return err
	}
	if o.clusterName == "" {
		o.clusterName = o.identity.Cluster
	}
	if o.context == "" {
		o.context = o.clusterName
	}
	pl, err := p.plugin(o.cloud, o.cache)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), plugin.CredentialDeadline)
	defer cancel()
	err = bounded(ctx, func() error {
		return pl.Credential(ctx, plugin.CredentialRequest{
			Identity:    o.identity,
			ClusterName: o.clusterName,
			MaxAge:      o.maxAge,
			Lease:       o.lease,
			Exec:        exec,
			Parent:      p.parent(),
			Code:        exitCode,
			NotKept:     p.warnNotKept,
			Config:      o.configLine(),
			Notice:      func(line string) { fmt.Fprintf(p.streams.ErrOut, "kubectl-magnum: %s\n", escape(line)) },
		}, func(answer []byte) error {
			_, err := p.streams.Out.Write(answer)
			return err
		})
	})
	if err != nil {
		return &contextError{err: err, config: o.configLine()}
	}
	return nil
}

// checkIdentity completes the identity with the login that a token is of.
func (o *credentialOptions) checkIdentity(fs *pflag.FlagSet) error {
	if err := o.auth.check(fs); err != nil {
		return err
	}
	switch {
	case o.identity.Owner == "" || o.identity.Project == "":
		return usagef("--user-id and --project-id are needed")
	case o.auth.isToken():
		o.identity.Login = &credential.Login{Cloud: o.cloud.Cloud, Region: o.cloud.Region}
	case o.identity.User == "":
		return usagef("--user is needed")
	}
	return nil
}

// contextError is an error that people meet while they run kubectl, where the
// options of config are no use to them: it has the line that makes the context
// anew.
type contextError struct {
	err    error
	config string
}

func (e *contextError) Error() string { return e.err.Error() }
func (e *contextError) Unwrap() error { return e.err }

// configLine is the config command that wrote these arguments, to be pasted.
func (o *credentialOptions) configLine() string {
	words := []string{"kubectl magnum config", o.identity.Cluster, "--context", quoteArg(o.context)}
	if o.auth.isToken() {
		words = append(words, "--auth", authToken)
	} else {
		words = append(words, "--user", quoteArg(o.identity.User))
	}
	for _, group := range o.identity.Groups {
		words = append(words, "--group", quoteArg(group))
	}
	if o.cloud.Cloud != "" {
		words = append(words, "--os-cloud", quoteArg(o.cloud.Cloud))
	}
	if o.cloud.Region != "" {
		words = append(words, "--os-region-name", quoteArg(o.cloud.Region))
	}
	if choice := o.cache.argument(); choice != "" {
		words = append(words, "--cache", quoteArg(choice))
	}
	if !o.auth.isToken() {
		words = append(words, "--max-age", formatAge(o.maxAge))
	}
	if o.identity.IsShortLived() {
		words = append(words, "--short-lived", formatAge(o.identity.ShortLived))
	}
	return strings.Join(append(words, "--lease", formatAge(o.lease)), " ")
}
