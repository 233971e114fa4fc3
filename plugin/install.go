// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// mergeWait bounds the wait for another process that writes the kubeconfig.
const mergeWait = 10 * time.Second

const installHint = `kubectl-magnum is not on your PATH. It gets the credential for this cluster.
Install it with: kubectl krew install magnum
More: https://github.com/kubectl-magnum/kubectl-magnum`

// install puts everything in its place: pins and CA files, records, and last
// the kubeconfig that refers to them.
func (p *Plugin) install(ctx context.Context, conn *connection, r ConfigRequest, targets []*target) (*ConfigResult, error) {
	result := &ConfigResult{Clusters: configured(targets), Warnings: warnings(conn, targets)}
	for i, t := range targets {
		if t.template.TLSDisabled {
			continue
		}
		result.Warnings = append(result.Warnings, p.newCA(t)...)
		err := p.pin(conn, r, t)
		if err != nil && !r.EmbedCerts {
			return nil, &ClusterError{Cluster: t.cluster.Name, Err: err}
		}
		if err != nil {
			result.Warnings = append(result.Warnings, fmt.Sprintf("cluster %q: %v; kubectl has to find the OpenStack login by itself", t.cluster.Name, err))
		}
		result.Clusters[i].Store, result.Clusters[i].StoreErr = p.Store.Name(), p.store(ctx, t)
	}
	entries := p.entries(conn, r, targets)
	switch {
	case r.Dir != "":
		return result, p.writeDir(r, entries, result)
	case r.Print:
		var err error
		result.Kubeconfig, err = kubeconfig.Render(entries, entries[0].Context)
		return result, err
	}
	merging, cancel := context.WithTimeout(ctx, mergeWait)
	defer cancel()
	var err error
	result.Changes, err = r.Paths.Merge(merging, entries, r.setCurrent(), r.Owner)
	return result, err
}

// newCA says that Magnum names another CA than when config ran last. It is
// what config is for after a rotation, but nobody shall miss it.
func (p *Plugin) newCA(t *target) []string {
	before := p.State.Cluster(t.cluster.UUID).Pinned
	if len(before) == 0 || slices.ContainsFunc(before, t.issued.ca.Equal) {
		return nil
	}
	return []string{fmt.Sprintf("cluster %q has a new CA: SHA-256 %s before, %s now",
		t.cluster.Name, pki.Fingerprint(before[0]), pki.Fingerprint(t.issued.ca))}
}

// pin remembers the CA that Magnum named and how the login was found, and
// writes the CA file, unless the kubeconfig has the CA in it.
func (p *Plugin) pin(conn *connection, r ConfigRequest, t *target) error {
	cas := []*x509.Certificate{t.issued.ca}
	err := p.State.SetCluster(t.cluster.UUID, state.Cluster{Name: t.cluster.Name, Pinned: cas})
	if err == nil {
		err = p.State.SetLogin(loginKey(t.id, conn.cloud.Name, conn.cloud.Region), state.Login{
			CloudsFile: conn.cloud.File, AuthURL: conn.cloud.AuthURL, CACert: conn.cloud.CACert,
			Interface: conn.cloud.Asked, Endpoint: conn.cloud.Endpoint, Insecure: conn.cloud.Insecure,
		})
	}
	if err == nil && !r.EmbedCerts {
		err = p.State.WriteCAFile(t.cluster.UUID, cas)
	}
	if err != nil {
		return &StateError{Err: err}
	}
	return nil
}

// store keeps the first record. kubectl does without if it cannot be kept.
func (p *Plugin) store(ctx context.Context, t *target) error {
	data, err := t.issued.record.Encode()
	if err != nil {
		return err
	}
	_ = p.State.ClearFailure(t.id.Key()) // what failed before is mended, or is said anew
	return p.Store.Put(ctx, t.issued.record.Identity, data)
}

func (p *Plugin) writeDir(r ConfigRequest, entries []kubeconfig.Entry, result *ConfigResult) error {
	data, err := kubeconfig.Render(entries, entries[0].Context)
	if err != nil {
		return err
	}
	if result.File, err = filepath.Abs(filepath.Join(r.Dir, "config")); err != nil {
		return err
	}
	return kubeconfig.WriteNew(result.File, data, r.Force)
}

// entries is what the kubeconfig shall hold. Before anything is issued the CA
// data are still missing from it; names and files are final.
func (p *Plugin) entries(conn *connection, r ConfigRequest, targets []*target) []kubeconfig.Entry {
	var entries []kubeconfig.Entry
	for _, t := range targets {
		e := kubeconfig.Entry{
			Context:     t.context,
			ClusterUUID: t.cluster.UUID,
			ClusterName: t.cluster.Name,
			Server:      t.cluster.APIAddress,
		}
		if !t.template.TLSDisabled {
			e.Exec = &kubeconfig.Exec{Command: r.Command, Args: t.args(conn, r), InstallHint: installHint}
			switch {
			case !r.EmbedCerts:
				e.CAFile = p.State.CAFile(t.cluster.UUID)
			case t.issued.ca != nil:
				e.CAData = state.BundlePEM([]*x509.Certificate{t.issued.ca})
			}
		}
		entries = append(entries, e)
	}
	return entries
}

// args is the exec entry's command line: names and ids, never a secret, never
// a path. Names of files are in the state directory, which is ours alone.
func (t *target) args(conn *connection, r ConfigRequest) []string {
	args := []string{
		"credential",
		"--cluster=" + t.cluster.UUID,
		"--cluster-name=" + t.cluster.Name,
		"--project-id=" + t.id.Project,
		"--user-id=" + t.id.Owner,
		"--user=" + t.id.User,
	}
	if t.context != t.cluster.Name {
		args = append(args, "--context="+t.context)
	}
	for _, g := range t.id.Groups {
		args = append(args, "--group="+g)
	}
	if conn.cloud.Name != "" {
		args = append(args, "--os-cloud="+conn.cloud.Name)
	}
	if conn.cloud.Region != "" {
		args = append(args, "--os-region-name="+conn.cloud.Region)
	}
	return append(args, "--max-age="+r.MaxAge.String())
}

func configured(targets []*target) []Configured {
	var out []Configured
	for _, t := range targets {
		c := Configured{
			Name: t.cluster.Name, UUID: t.cluster.UUID, Server: t.cluster.APIAddress, Context: t.context,
			TLSDisabled: t.template.TLSDisabled, User: t.id.User, Groups: t.id.Groups,
		}
		if t.issued.record != nil {
			c.NotAfter = t.issued.record.Certificate.NotAfter
		}
		out = append(out, c)
	}
	return out
}

func warnings(conn *connection, targets []*target) []string {
	var out []string
	if !conn.session.Verified() {
		out = append(out, "Keystone or Magnum is reached without verified TLS: whoever is on the way can name a CA of their own")
	}
	for _, t := range targets {
		if t.template.TLSDisabled {
			out = append(out, fmt.Sprintf("cluster %q has TLS disabled: anyone who reaches %s is its administrator, and its context has no credential",
				t.cluster.Name, t.cluster.APIAddress))
		}
	}
	return out
}
