// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// caOptions are the flags of ca-show and ca-sign.
type caOptions struct {
	cloud   openstack.Options
	cluster oneCluster
	caType  string
	output  string
}

func (o *caOptions) addFlags(fs *pflag.FlagSet) {
	addLoginFlags(fs, &o.cloud)
	o.cluster.addFlag(fs)
	fs.StringVar(&o.caType, "type", string(magnum.Kubernetes), "`which` of the cluster's CAs: kubernetes, etcd or front-proxy")
	fs.StringVarP(&o.output, "output", "o", "pem", "pem, json or yaml")
}

// check reads the flags and arguments, or says what is wrong with them.
func (o *caOptions) check(cmd *cobra.Command, args []string) (cluster string, which magnum.CAType, err error) {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return "", "", err
	}
	if cluster, err = o.cluster.name(cmd, args); err != nil {
		return "", "", err
	}
	if which, err = magnum.ParseCAType(o.caType); err != nil {
		return "", "", usagef("--type: %w", err)
	}
	return cluster, which, checkOutput(o.output, "pem")
}

func newCAShowCommand(p *program) *cobra.Command {
	o := &caOptions{}
	cmd := &cobra.Command{
		Use:   "ca-show [CLUSTER]",
		Short: "Print a CA certificate of a cluster",
		Long:  "Print a CA certificate of a cluster, the one that Magnum signs with now.",
		Example: `  kubectl magnum ca-show prod
  kubectl magnum ca-show --cluster prod --type etcd -o json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.show(cmd, p, args) },
	}
	o.addFlags(cmd.Flags())
	return cmd
}

func (o *caOptions) show(cmd *cobra.Command, p *program, args []string) error {
	cluster, which, err := o.check(cmd, args)
	if err != nil {
		return err
	}
	var result *plugin.CAResult
	err = p.useCase(cmd.Context(), o.cloud, cacheOptions{}, func(pl *plugin.Plugin, _ *progress) (err error) {
		result, err = pl.ShowCA(cmd.Context(), plugin.ShowCARequest{Cluster: cluster, Type: which})
		return err
	})
	if err != nil {
		return err
	}
	return p.printCertificate(result, o.output)
}

// certificateInfo is what -o prints of a certificate.
type certificateInfo struct {
	Cluster     string    `json:"cluster"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject"` // for reading: odd characters are escaped
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	Fingerprint string    `json:"fingerprint"` // SHA-256
	PEM         string    `json:"pem"`
}

func (p *program) printCertificate(r *plugin.CAResult, output string) error {
	text := pki.MarshalCertificate(r.Certificate)
	info, ok, err := encode(certificateInfo{
		Cluster:     escape(r.Cluster),
		Type:        string(r.Type),
		Subject:     escape(r.Certificate.Subject.String()),
		NotBefore:   r.Certificate.NotBefore.UTC(),
		NotAfter:    r.Certificate.NotAfter.UTC(),
		Fingerprint: pki.Fingerprint(r.Certificate),
		PEM:         string(text),
	}, output)
	if err != nil {
		return err
	}
	if ok {
		text = info
	}
	_, err = p.streams.Out.Write(text)
	return err
}
