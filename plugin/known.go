// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// known is a credential that was issued on this machine, and what has become of
// it. It is a call that nobody made: it finds the record as kubectl would.
type known struct {
	*call
	state.Credential
}

// known returns the credentials of a cluster.
func (p *Plugin) known(ctx context.Context, cluster string) []known {
	keys, all := p.State.Credentials(cluster)
	var found []known
	for _, key := range keys {
		c := all[key]
		k := known{Credential: c, call: newCall(p, CredentialRequest{
			Identity: credential.Identity{Cluster: c.Cluster, Project: c.Project, Owner: c.Owner, User: c.User, Groups: c.Groups},
			MaxAge:   c.MaxAge,
		}, nil)}
		if k.key != key {
			continue // damaged
		}
		k.load(ctx)
		found = append(found, k)
	}
	return found
}

// register remembers that there is a credential for id. Without that it is kept
// and used all the same.
func (p *Plugin) register(id credential.Identity, r state.Credential) {
	r.Cluster, r.Project, r.Owner, r.User, r.Groups = id.Cluster, id.Project, id.Owner, id.User, id.Groups
	_ = p.State.AddCredential(id.Key(), r)
}

// stock sees to it that each credential of this login has a record that API
// servers accept as they are: during a rotation they take no new one.
func (p *Plugin) stock(ctx context.Context, conn *connection, cluster string, ca *x509.Certificate) error {
	return p.eachMissing(ctx, cluster, func(k known) error {
		if !isIdentity(conn, k.r.Identity) {
			return nil
		}
		got, err := p.issue(ctx, conn.magnum, k.r.Identity, []*x509.Certificate{ca})
		if err != nil {
			return err
		}
		k.record = got.record
		k.keep(ctx)
		return nil
	})
}

// clear erases, and revokes, what the stores still hold of a cluster and no API
// server takes any more.
func (p *Plugin) clear(ctx context.Context, cluster string) {
	_ = p.eachMissing(ctx, cluster, func(k known) error {
		k.revoke(ctx, nil, p.Now())
		return nil
	})
}

// eachMissing does something about each credential that has no record that may
// be handed out, while nobody else does.
func (p *Plugin) eachMissing(ctx context.Context, cluster string, do func(known) error) error {
	for _, k := range p.known(ctx, cluster) {
		if k.record != nil {
			continue
		}
		waiting, cancel := context.WithTimeout(ctx, lockWait)
		unlock, _ := p.State.Lock(waiting, k.key)
		cancel()
		k.load(ctx)
		var err error
		if k.record == nil {
			err = do(k)
		}
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
