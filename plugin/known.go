// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"time"

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
			Identity: identityOf(c), MaxAge: c.MaxAge,
		}, nil)}
		if k.key != key {
			continue // damaged
		}
		k.load(ctx)
		found = append(found, k)
	}
	return found
}

func identityOf(c state.Credential) credential.Identity {
	id := credential.Identity{
		Cluster: c.Cluster, Project: c.Project, Owner: c.Owner, User: c.User, Groups: c.Groups, ShortLived: c.ShortLived,
	}
	if c.Login != nil {
		id.Login = &credential.Login{Cloud: c.Login.Cloud, Region: c.Login.Region}
	}
	return id
}

// register remembers that there is a credential for id. Without that it is kept
// and used all the same.
func (p *Plugin) register(id credential.Identity, r state.Credential) {
	r.Cluster, r.Project, r.Owner, r.User, r.Groups, r.ShortLived = id.Cluster, id.Project, id.Owner, id.User, id.Groups, id.ShortLived
	if id.IsToken() {
		r.Login = &state.TokenLogin{Cloud: id.Login.Cloud, Region: id.Login.Region}
	}
	_ = p.State.AddCredential(id.Key(), r)
}

// stock sees to it that each certificate of this login has a record that API
// servers accept as they are: during a rotation they take no new one. A short-lived
// one would end before that does; as long as it lives it renews itself.
func (p *Plugin) stock(ctx context.Context, conn *connection, cluster string, ca *x509.Certificate) error {
	for _, k := range p.known(ctx, cluster) {
		if id := k.r.Identity; !isIdentity(conn, id) || id.IsToken() || id.IsShortLived() {
			continue
		}
		err := k.ifMissing(ctx, lockWait, func(bool) error {
			got, err := p.issue(ctx, conn.magnum, k.r.Identity, []*x509.Certificate{ca})
			if err == nil {
				k.record = got.record
				k.keep(ctx)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// clear erases, and revokes, what the stores still hold of a cluster and no API
// server takes any more; a token no CA makes worthless. What somebody else is just
// about to replace is left to them.
func (p *Plugin) clear(ctx context.Context, cluster string) {
	for _, k := range p.known(ctx, cluster) {
		if k.r.Identity.IsToken() {
			continue
		}
		_ = k.ifMissing(ctx, time.Second, func(locked bool) error {
			if locked {
				k.revoke(ctx, nil, p.Now())
			}
			return nil
		})
	}
}

// ifMissing does something if there is no record that may be handed out, while
// nobody else does; after a while, as locked says, they may.
func (k known) ifMissing(ctx context.Context, wait time.Duration, do func(locked bool) error) error {
	if k.record != nil {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	unlock, locked := k.State.Lock(waiting, k.key)
	defer unlock()
	if k.load(ctx); k.record != nil {
		return nil
	}
	return do(locked)
}
