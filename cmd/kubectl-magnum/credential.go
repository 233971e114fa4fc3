// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// errTerminal keeps a key off the screen.
var errTerminal = errors.New("the answer holds a private key and is not written to a terminal")

// credentialOptions are the arguments that config wrote into a kubeconfig.
// They are names and ids; the file may be anybody's, so there is none here
// that runs, writes or reads anything of its choice.
type credentialOptions struct {
	identity    credential.Identity
	clusterName string
	cloud       openstack.Options
	maxAge      time.Duration
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
	fs.StringVar(&o.identity.Project, "project-id", "", "OpenStack project the login must be for")
	fs.StringVar(&o.identity.Owner, "user-id", "", "OpenStack user the login must be of")
	fs.StringVar(&o.identity.User, "user", "", "user name in the certificate")
	fs.StringArrayVar(&o.identity.Groups, "group", nil, "group in the certificate")
	fs.DurationVar(&o.maxAge, "max-age", 12*time.Hour, "how long a key is kept")
	addCloudFlags(fs, &o.cloud)
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
	if o.identity.Owner == "" || o.identity.Project == "" || o.identity.User == "" {
		return usagef("--user-id, --project-id and --user are needed")
	}
	if o.maxAge < minMaxAge {
		return usagef("--max-age is %s; the least is %s", o.maxAge, minMaxAge)
	}
	if o.clusterName == "" {
		o.clusterName = o.identity.Cluster
	}
	pl, err := p.plugin(o.cloud)
	if err != nil {
		return err
	}
	return pl.Credential(cmd.Context(), plugin.CredentialRequest{
		Identity:    o.identity,
		ClusterName: o.clusterName,
		MaxAge:      o.maxAge,
		Exec:        exec,
		Parent:      p.parent(),
	}, func(answer []byte) error {
		_, err := p.streams.Out.Write(answer)
		return err
	})
}
