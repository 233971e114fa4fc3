// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/x509"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

const statusHelp = `Show what is cached of a cluster and until when, and compare its CAs: the one
that the API server presents, the one that Magnum has, those that kubectl trusts
and the one that signed the cached certificate.

Without a cluster: all that this machine has a context for.`

// statusOptions are the flags of status.
type statusOptions struct {
	cloud   openstack.Options
	cache   cacheOptions
	cluster oneCluster
	output  string
}

func newStatusCommand(p *program) *cobra.Command {
	o := &statusOptions{}
	cmd := &cobra.Command{
		Use:   "status [CLUSTER]",
		Short: "Show what is cached, and whether the CAs agree",
		Long:  statusHelp,
		Example: `  kubectl magnum status
  kubectl magnum status prod -o json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd, p, args) },
	}
	fs := cmd.Flags()
	addLoginFlags(fs, &o.cloud)
	o.cluster.addFlag(fs)
	o.cache.addFlag(fs)
	fs.StringVarP(&o.output, "output", "o", "", "json or yaml")
	return cmd
}

func (o *statusOptions) run(cmd *cobra.Command, p *program, args []string) error {
	if err := noEmptyFlags(cmd.Flags()); err != nil {
		return err
	}
	name := ""
	if len(args) > 0 || o.cluster.flag != "" {
		var err error
		if name, err = o.cluster.name(cmd, args); err != nil {
			return err
		}
	}
	if err := checkOutput(o.output, ""); err != nil {
		return err
	}
	var all []plugin.ClusterStatus
	var logins []state.KeptLogin
	err := p.useCase(cmd.Context(), o.cloud, o.cache, func(pl *plugin.Plugin, _ *progress) (err error) {
		all, err = pl.Status(cmd.Context(), plugin.StatusRequest{Cluster: name})
		logins = pl.KeptLogins()
		return err
	})
	if err != nil {
		return err
	}
	return p.printStatus(all, logins, o.output)
}

func (p *program) printStatus(all []plugin.ClusterStatus, logins []state.KeptLogin, output string) error {
	infos := make([]statusInfo, 0, len(all))
	for _, s := range all {
		infos = append(infos, newStatusInfo(s))
	}
	out, ok, err := encode(infos, output)
	if err != nil {
		return err
	}
	if !ok {
		out = []byte(statusText(all, p.now()) + loginsText(logins, p.now()))
	}
	_, err = p.streams.Out.Write(out)
	return err
}

// statusText is one block a cluster.
func statusText(all []plugin.ClusterStatus, now time.Time) string {
	if len(all) == 0 {
		return "There is no context for any cluster here; kubectl magnum config CLUSTER makes one.\n"
	}
	var blocks []string
	for _, s := range all {
		blocks = append(blocks, clusterText(s, now))
	}
	return strings.Join(blocks, "\n")
}

// loginsText is a line for each kept login.
func loginsText(logins []state.KeptLogin, now time.Time) string {
	var out strings.Builder
	for _, l := range logins {
		until := "until " + l.ExpiresAt.UTC().Format("2006-01-02 15:04") + " UTC"
		if !now.Before(l.ExpiresAt) {
			until = "and has expired"
		}
		fmt.Fprintln(&out, escape(fmt.Sprintf("A login of %s is kept, as %q for project %q, %s.", ofCloud(l.Cloud), l.UserName, l.ProjectName, until)))
	}
	return out.String()
}

func clusterText(s plugin.ClusterStatus, now time.Time) string {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	row := func(format string, args ...any) { fmt.Fprintf(table, format+"\n", args...) }
	row("Cluster\t%s", escape(fmt.Sprintf("%s (%s)", s.Name, s.UUID)))
	if s.Status != "" {
		row("Status\t%s", escape(s.Status))
	}
	if s.Server != "" {
		row("API server\t%s", escape(s.Server))
	}
	row("Live CA\t%s", caText(s.Live))
	row("Magnum's CA\t%s", caText(s.Magnum))
	row("CA file\t%s", caText(s.CAFile...))
	for _, c := range s.Credentials {
		if c.Login != nil {
			row("Token of %s\t%s", escape(loginText(c.Login)), tokenText(c))
		} else {
			row("Certificate of %s\t%s", escape(c.User), certificateText(c))
		}
	}
	_ = table.Flush() // to a strings.Builder
	verdict := escape(s.Verdict) + "."
	fmt.Fprintf(&out, "%s%s\n", strings.ToUpper(verdict[:1]), verdict[1:])
	for _, c := range s.Credentials {
		fmt.Fprintln(&out, escape(keyText(c, now)))
	}
	return out.String()
}

// caText names CAs by what tells them apart.
func caText(cas ...*x509.Certificate) string {
	var texts []string
	for _, ca := range cas {
		if ca != nil {
			texts = append(texts, fmt.Sprintf("SHA-256 %s, until %s", pki.Fingerprint(ca), day(ca.NotAfter)))
		}
	}
	if len(texts) == 0 {
		return "not known"
	}
	return strings.Join(texts, "\n\t")
}

func certificateText(c plugin.CredentialStatus) string {
	if c.Store == "" {
		return "none is cached"
	}
	if c.ShortLived > 0 {
		return fmt.Sprintf("signed by the cluster (SHA-256 %s) for %s, until %s; the next call after %s renews it",
			c.CA, formatAge(c.ShortLived), c.NotAfter.UTC().Format(time.RFC3339), c.Renews.UTC().Format(time.RFC3339))
	}
	return fmt.Sprintf("signed by SHA-256 %s, until %s", c.CA, day(c.NotAfter))
}

func tokenText(c plugin.CredentialStatus) string {
	if c.Store == "" {
		return "none is cached"
	}
	return "until " + c.NotAfter.UTC().Format(time.RFC3339)
}

// loginText names a login by its cloud.
func loginText(l *credential.Login) string {
	if l.Cloud == "" {
		return "the environment's login"
	}
	return fmt.Sprintf("cloud %q", l.Cloud)
}

func keyText(c plugin.CredentialStatus, now time.Time) string {
	what, who, signer, next := "key", fmt.Sprintf("%q in %s", c.User, strings.Join(c.Groups, ", ")), "Magnum", "has a certificate signed"
	if c.Login != nil {
		what, who, signer, next = "token", loginText(c.Login), "Keystone", "gets one"
	}
	if c.Store == "" {
		return fmt.Sprintf("No %s of %s is kept; the next kubectl call %s.", what, who, next)
	}
	text := fmt.Sprintf("The %s of %s is in the %s for another %s", what, who, c.Store, formatAge(c.Until.Sub(now).Truncate(time.Minute)))
	if !c.Verified.IsZero() {
		text += fmt.Sprintf("; the API server or %s vouched for it %s ago", signer, formatAge(now.Sub(c.Verified).Truncate(time.Second)))
	}
	return text + "."
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// statusInfo is what -o prints of a cluster. Fingerprints are SHA-256, in hex.
type statusInfo struct {
	Cluster     string           `json:"cluster"`
	UUID        string           `json:"uuid"`
	Server      string           `json:"server,omitempty"`
	Status      string           `json:"status,omitempty"`
	Reason      string           `json:"status_reason,omitempty"`
	LiveCA      string           `json:"live_ca,omitempty"`
	MagnumCA    string           `json:"magnum_ca,omitempty"`
	CAFile      []string         `json:"ca_file"`
	Pinned      []string         `json:"pinned"`
	Agree       bool             `json:"agree"`
	Verdict     string           `json:"verdict"`
	Credentials []credentialInfo `json:"credentials"`
}

type credentialInfo struct {
	Auth     string    `json:"auth"` // certificate or token
	Cloud    string    `json:"cloud,omitempty"`
	User     string    `json:"user"`
	Groups   []string  `json:"groups"`
	Store    string    `json:"store,omitempty"` // empty: none is cached
	CA       string    `json:"ca,omitempty"`
	Signer   string    `json:"signer,omitempty"`      // magnum or cluster
	Life     string    `json:"short_lived,omitempty"` // as a Go duration
	Renews   time.Time `json:"renews,omitzero"`       // the next call after it does
	NotAfter time.Time `json:"not_after,omitzero"`
	Until    time.Time `json:"key_until,omitzero"`
	Verified time.Time `json:"verified,omitzero"`
}

func newStatusInfo(s plugin.ClusterStatus) statusInfo {
	info := statusInfo{
		Cluster: escape(s.Name), UUID: s.UUID, Server: escape(s.Server), Status: escape(s.Status), Reason: escape(s.Reason),
		LiveCA: fingerprint(s.Live), MagnumCA: fingerprint(s.Magnum), CAFile: fingerprintsOf(s.CAFile), Pinned: fingerprintsOf(s.Pinned),
		Agree: s.Agree, Verdict: escape(s.Verdict), Credentials: []credentialInfo{},
	}
	for _, c := range s.Credentials {
		auth, cloud := authCertificate, ""
		if c.Login != nil {
			auth, cloud = authToken, escape(c.Login.Cloud)
		}
		info.Credentials = append(info.Credentials, credentialInfo{
			Auth: auth, Signer: signerOf(c), Life: lifeText(c.ShortLived), Renews: c.Renews.UTC(), Cloud: cloud, User: escape(c.User), Groups: escapeAll(c.Groups), Store: c.Store, CA: c.CA,
			NotAfter: c.NotAfter.UTC(), Until: c.Until.UTC(), Verified: c.Verified.UTC(),
		})
	}
	return info
}

func signerOf(c plugin.CredentialStatus) string {
	switch {
	case c.Login != nil:
		return ""
	case c.ShortLived > 0:
		return "cluster"
	}
	return "magnum"
}

func lifeText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return formatAge(d)
}

func escapeAll(texts []string) []string {
	out := []string{}
	for _, text := range texts {
		out = append(out, escape(text))
	}
	return out
}

func fingerprint(ca *x509.Certificate) string {
	if ca == nil {
		return ""
	}
	return pki.Fingerprint(ca)
}

func fingerprintsOf(cas []*x509.Certificate) []string {
	out := []string{}
	for _, ca := range cas {
		out = append(out, pki.Fingerprint(ca))
	}
	return out
}
