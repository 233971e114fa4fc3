// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
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
	result := &ConfigResult{Clusters: configured(targets, r.MaxAge), Warnings: warnings(conn, targets)}
	for i, t := range targets {
		if t.template.TLSDisabled {
			continue
		}
		said, err := p.pin(ctx, conn, r, t)
		result.Warnings = append(result.Warnings, said...)
		var lost *StateError
		if err != nil && (r.Token || !r.EmbedCerts || !errors.As(err, &lost)) {
			return nil, &ClusterError{Cluster: t.cluster.Name, Err: err}
		}
		if err != nil {
			result.Warnings = append(result.Warnings, fmt.Sprintf("cluster %q: %v; kubectl has to find the OpenStack login by itself", t.cluster.Name, err))
		}
		result.Warnings = append(result.Warnings, p.tryToken(ctx, t)...)
		result.Clusters[i].StoreErr = p.storeFirst(ctx, t, r.MaxAge)
		result.Clusters[i].Store = p.Store.Name() // only now: it may be one of several
	}
	for _, t := range targets {
		if !t.unbound {
			continue
		}
		if err := p.bind(ctx, t); err != nil {
			return nil, &ClusterError{Cluster: t.cluster.Name, Err: err}
		}
	}
	entries := p.entries(conn, r, targets)
	switch {
	case r.Dir != "":
		err := p.writeDir(r, entries, result)
		if err == nil {
			p.rememberFiles(ctx, r, targets, result)
		}
		return result, err
	case r.Print:
		var err error
		result.Kubeconfig, err = kubeconfig.Render(entries, entries[0].Context)
		return result, err
	}
	merging, cancel := context.WithTimeout(ctx, mergeWait)
	defer cancel()
	var err error
	result.Changes, err = r.Paths.Merge(merging, entries, r.setCurrent(), p.Owner)
	if err == nil {
		p.rememberFiles(ctx, r, targets, result)
	}
	return result, err
}

// pin remembers the CAs that the cluster is trusted by and how the login was
// found, and writes the CA file, unless the kubeconfig has the CA in it. It
// returns what the user has to know.
func (p *Plugin) pin(ctx context.Context, conn *connection, r ConfigRequest, t *target) (warnings []string, err error) {
	if warnings, err = p.pinCAs(ctx, conn, r, t); err != nil {
		return warnings, err
	}
	login := state.Login{
		Cluster:    t.cluster.UUID,
		CloudsFile: conn.cloud.File, SecureFile: conn.cloud.SecureFile, PublicFile: conn.cloud.PublicFile, AuthURL: conn.cloud.AuthURL, CACert: conn.cloud.CACert,
		Interface: conn.cloud.Asked, Endpoint: conn.cloud.Endpoint, Insecure: conn.cloud.Insecure,
		Replaceable: conn.cloud.Replaceable,
	}
	if t.id.IsToken() {
		login.Server = t.cluster.APIAddress
	}
	if err := p.State.SetLogin(loginKey(t.id, conn.cloud.Name, conn.cloud.Region), login); err != nil {
		return warnings, &StateError{Err: err}
	}
	return warnings, nil
}

// pinCAs pins the CA that Magnum named. Where another one is pinned already the
// API server has a say: it may not have the new one yet.
func (p *Plugin) pinCAs(ctx context.Context, conn *connection, r ConfigRequest, t *target) ([]string, error) {
	o := p.reconcile(ctx, conn, nil, question{
		uuid: t.cluster.UUID, name: t.cluster.Name, pinned: p.State.Cluster(t.cluster.UUID).Pinned,
		target: p.apiServer(t.cluster.APIAddress),
		ca:     t.issued.ca, byPerson: true, noCAFile: r.EmbedCerts,
	})
	t.pinned, t.inWindow = o.after.Pinned, o.Reason == rotation.InWindow
	switch {
	case o.magnumErr != nil:
		return nil, o.magnumErr
	case o.Action == rotation.Refuse && o.Reason != rotation.Retired:
		return nil, o.refusal()
	case o.fileErr != nil:
		return nil, &StateError{Err: o.fileErr}
	case len(o.before.Pinned) == 0, sameCAs(o.before.Pinned, o.after.Pinned) && rotation.Contains(o.after.Pinned, o.magnum):
		return nil, nil
	}
	return []string{newCA(t.cluster, o)}, nil
}

// newCA says that Magnum names another CA than the one that is pinned. It is
// what config is for after a rotation, but nobody shall miss it.
func newCA(c magnum.Cluster, o outcome) string {
	was, is := strings.Join(fingerprints(o.before.Pinned), ", "), pki.Fingerprint(o.magnum)
	switch {
	case o.Reason == rotation.InWindow:
		return fmt.Sprintf("cluster %q is getting a new CA (%s): SHA-256 %s; until its API server has it, the old one counts too: %s", c.Name, o.status, is, was)
	case rotation.Contains(o.after.Pinned, o.magnum):
		return fmt.Sprintf("cluster %q has a new CA: SHA-256 %s before, %s now", c.Name, fingerprints(o.before.Pinned)[0], is)
	}
	return fmt.Sprintf("cluster %q: Magnum has another CA (SHA-256 %s) than the API server (%s), though it says %s; the API server's stays", c.Name, is, was, o.status)
}

// storeFirst keeps the first record. kubectl does without if it cannot be kept.
func (p *Plugin) storeFirst(ctx context.Context, t *target, maxAge time.Duration) error {
	c := newCall(p, CredentialRequest{Identity: t.id, ClusterName: t.cluster.Name, MaxAge: maxAge}, nil)
	c.load(ctx)
	_ = p.State.ClearFailure(c.key) // what failed before is mended, or is said anew
	if t.inWindow && c.good() {
		return nil // which the API server takes, and the new one not yet
	}
	_ = p.State.Touch(c.key, state.Use{Verified: p.Now()}) // costs a question to the API server if it fails
	c.record = t.issued.record
	if err := c.store(ctx); err != nil {
		_ = c.State.FirstNotice(c.key) // config tells, so kubectl need not
		return c.notKept(err)
	}
	return nil
}

// rememberFiles notes where the entries are, for when their CA changes. Without
// that, config has to be run again then.
func (p *Plugin) rememberFiles(ctx context.Context, r ConfigRequest, targets []*target, result *ConfigResult) {
	for _, t := range targets {
		file := result.File
		for _, change := range result.Changes {
			if change.Kind == kubeconfig.KindCluster && change.Name == kubeconfig.EntryName(t.context, t.cluster.UUID) {
				file = change.File
			}
		}
		if file, err := filepath.Abs(file); err == nil && !t.template.TLSDisabled {
			unlock := p.lockCluster(ctx, t.cluster.UUID, clusterWait)
			_ = p.State.AddKubeconfig(t.cluster.UUID, state.Kubeconfig{File: file, Embedded: r.EmbedCerts})
			unlock()
		}
	}
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
			default:
				e.CAData = state.BundlePEM(t.pinned)
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
	}
	if t.id.IsToken() {
		args = append(args, "--auth=token")
	} else {
		args = append(args, "--user="+t.id.User)
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
	if r.Cache != "" {
		args = append(args, "--cache="+r.Cache)
	}
	if !t.id.IsToken() {
		args = append(args, "--max-age="+r.MaxAge.String())
	}
	if t.id.IsShortLived() {
		args = append(args, "--short-lived="+t.id.ShortLived.String())
	}
	return append(args, "--lease="+r.Lease.String())
}

func configured(targets []*target, maxAge time.Duration) []Configured {
	var out []Configured
	for _, t := range targets {
		c := Configured{
			Name: t.cluster.Name, UUID: t.cluster.UUID, Server: t.cluster.APIAddress, Context: t.context,
			TLSDisabled: t.template.TLSDisabled, User: t.id.User, Groups: t.id.Groups, ShortLived: t.id.ShortLived,
			RenewsItself: renewsItself(t.id) && credential.RenewAfter(t.id.ShortLived) < maxAge,
		}
		switch rec := t.issued.record; {
		case rec == nil:
		case rec.IsToken():
			c.NotAfter = rec.Expires
		default:
			c.NotAfter = rec.Certificate.NotAfter
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
	if slices.ContainsFunc(targets, func(t *target) bool { return t.id.IsToken() && !t.template.TLSDisabled }) {
		out = append(out, tokenWarning(conn))
	}
	if i := slices.IndexFunc(targets, func(t *target) bool { return t.id.IsShortLived() && !t.template.TLSDisabled }); i >= 0 && targets[i].id.ShortLived < goodLife {
		out = append(out, fmt.Sprintf("each renewal, about every %s, closes the connections of programs that run for long; --short-lived 1h is a good choice",
			credential.RenewAfter(targets[i].id.ShortLived)))
	}
	for _, t := range targets {
		if t.template.TLSDisabled {
			out = append(out, fmt.Sprintf("cluster %q has TLS disabled: anyone who reaches %s is its administrator, and its context has no credential",
				t.cluster.Name, t.cluster.APIAddress))
		}
	}
	return out
}
