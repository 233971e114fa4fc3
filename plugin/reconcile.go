// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"cmp"
	"context"
	"crypto/x509"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/kubeconfig"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/state"
)

// question is what reconcile is to find out about a cluster, and what is known
// already.
type question struct {
	uuid, name string
	target     *rotation.Target // nil: the API server is not asked
	pinned     []*x509.Certificate
	seen       rotation.Seen // under pinned; zero if nobody has looked
	// look looks again, under other pins; nil if nobody can.
	look   func(ctx context.Context, pinned []*x509.Certificate) rotation.Seen
	record *credential.Record
	aged   bool
	// unsigned means that it is a token that is asked about, which is no CA's.
	unsigned bool
	ca       *x509.Certificate // Magnum's, if it has been asked
	status   string            // likewise
	// byPerson means that somebody has asked for Magnum's CA: it is then believed
	// even while the API server does not answer, and there is a CA file
	// afterwards.
	byPerson bool
	noCAFile bool // but not that
}

// outcome is what reconcile found out and did.
type outcome struct {
	rotation.Decision
	server    string
	pinFile   string
	seen      rotation.Seen
	magnum    *x509.Certificate // nil if Magnum could not be asked
	magnumErr error             // why
	took      time.Duration     // to ask it
	status    string            // "" if it did not matter
	before    state.Cluster
	after     state.Cluster
	rewritten bool // the CA file, or CAs in a kubeconfig of ours
	fileErr   error
	strangers []*x509.Certificate // that the client trusts, and Magnum does not name
	unsigned  bool                // as in question
}

// reconcile asks Magnum which CA the cluster has, and the API server by which it
// can be trusted, decides, and remembers what follows: the pins, and the CA
// file. It is done under the cluster's lock, as another process may have
// another answer from Magnum, of another moment. failed is why Magnum cannot be
// asked.
//
// It costs one request, or two if Magnum's CA is not the only one that is
// pinned.
func (p *Plugin) reconcile(ctx context.Context, conn *connection, failed error, q question) outcome {
	defer p.lockCluster(ctx, q.uuid, cmp.Or(p.testOnlyPatience, clusterWait))()
	known := p.State.Cluster(q.uuid)
	o := outcome{seen: q.seen, magnum: q.ca, magnumErr: failed, status: q.status, unsigned: q.unsigned, before: known, pinFile: p.State.ClusterFile(q.uuid)}
	if q.target != nil {
		o.server = q.target.Server
	}
	if len(o.before.Pinned) == 0 {
		o.before.Name, o.before.Pinned = q.name, q.pinned
	} else if !sameCAs(o.before.Pinned, q.pinned) {
		// Another call has learnt more: what was asked before that does not count.
		o.seen, o.magnum, o.status = rotation.Seen{}, nil, ""
		if q.look != nil {
			o.seen = q.look(ctx, o.before.Pinned)
		}
	}
	p.askMagnum(ctx, conn, q, &o)
	facts := rotation.Facts{
		Pinned: o.before.Pinned, Magnum: o.magnum, Status: o.status,
		Secure: conn != nil && conn.session.Verified() || q.byPerson && len(o.before.Pinned) == 0,
		Record: o.seen.Verdict, HasRecord: q.record != nil, Aged: q.aged, RecordByMagnum: q.unsigned || o.byMagnum(q.record),
	}
	facts.Live, facts.LiveCA = p.live(ctx, q, &o)
	if q.byPerson && facts.Live == rotation.LiveUnknown {
		facts = unanswered(facts, o.seen)
	}
	o.Decision = rotation.Decide(facts)
	p.remember(ctx, q, known, &o)
	return o
}

// unanswered are the facts for somebody who has asked for Magnum's CA while the
// API server does not answer: it may have the old one as long as Magnum says
// that it is being rotated, and has the new one otherwise.
func unanswered(f rotation.Facts, seen rotation.Seen) rotation.Facts {
	silent := seen.Silent || seen.Err == nil // or it was not asked, as there was nothing to decide
	switch {
	case len(f.Pinned) == 0 || f.Magnum == nil || !f.Secure || !silent:
	case !rotation.Window(f.Status):
		f.Pinned = nil
	case len(f.Pinned) == 1 && !rotation.Contains(f.Pinned, f.Magnum):
		f.Live, f.LiveCA = rotation.LivePinned, f.Pinned[0]
	}
	return f
}

// clusterWait bounds the wait for another process that asks about the same
// cluster.
const clusterWait = 5 * time.Second

// lockCluster keeps others from changing what is remembered of a cluster. After
// a while it lets them: a lock that cannot be had stops nobody.
func (p *Plugin) lockCluster(ctx context.Context, uuid string, wait time.Duration) (unlock func()) {
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	unlock, _ = p.State.Lock(waiting, "cluster-"+uuid)
	return unlock
}

// askMagnum gets Magnum's CA and, if that is not what is pinned, the status.
func (p *Plugin) askMagnum(ctx context.Context, conn *connection, q question, o *outcome) {
	start := p.Now()
	defer func() { o.took = p.Now().Sub(start) }()
	if o.magnumErr != nil {
		o.magnum = nil
		return
	}
	if o.magnum == nil {
		p.Progress("asking Magnum for the cluster's CA")
		if o.magnum, o.magnumErr = conn.magnum.CA(ctx, q.uuid, magnum.Kubernetes); o.magnumErr != nil {
			o.magnumErr = explainByUUID(ctx, conn, q.uuid, o.magnumErr)
			return
		}
	}
	if o.magnumErr = pki.CheckCA(o.magnum, p.Now()); o.magnumErr != nil {
		o.magnum, o.magnumErr = nil, &RefusedError{Err: o.magnumErr}
		return
	}
	if o.status != "" || len(o.before.Pinned) == 0 || sameCAs(o.before.Pinned, []*x509.Certificate{o.magnum}) {
		return
	}
	// After the CA: a rotation that begins between the two is seen as one.
	cluster, err := conn.magnum.Cluster(ctx, q.uuid)
	if err != nil {
		o.magnum, o.magnumErr = nil, err
		return
	}
	o.status = cluster.Status
}

// live finds out what the API server's chain verifies under: what was seen
// already, or a handshake by all that Magnum has named.
func (p *Plugin) live(ctx context.Context, q question, o *outcome) (rotation.Live, *x509.Certificate) {
	roots := slices.Clone(o.before.Pinned)
	if o.magnum != nil && !rotation.Contains(roots, o.magnum) {
		roots = append(roots, o.magnum)
	}
	unseen := o.seen.Live == nil && !o.seen.Stranger && o.seen.Err == nil
	if q.byPerson && len(roots) == 1 {
		return rotation.LiveUnknown, nil // nothing is to be decided
	}
	if q.target != nil && len(roots) > 0 && (unseen || o.seen.Stranger && o.magnum != nil) {
		stranger := o.seen.Stranger
		again := q.target.Handshake(ctx, roots)
		if again.Live != nil || unseen || again.Stranger {
			o.seen = again
		}
		o.seen.Stranger = o.seen.Live == nil && (stranger || again.Stranger)
	}
	switch {
	case o.seen.Stranger:
		return rotation.LiveStranger, nil
	case o.seen.Live == nil:
		return rotation.LiveUnknown, nil
	case o.magnum != nil && o.seen.Live.Equal(o.magnum):
		return rotation.LiveMagnum, o.seen.Live
	}
	return rotation.LivePinned, o.seen.Live
}

// remember pins what was decided and has the CA file say the same.
// It writes over nothing that it has not read, as the lock may not be ours.
func (p *Plugin) remember(ctx context.Context, q question, known state.Cluster, o *outcome) {
	o.after = o.before.Repinned(o.Pinned)
	if o.magnum == nil {
		o.after.Signer, o.after.Rotating = o.before.Signer, o.before.Rotating
	} else {
		o.after.Signer = o.Signer
		o.after.Rotating = o.Reason == rotation.InWindow && o.status == "UPDATE_IN_PROGRESS"
	}
	if o.after.Name == "" {
		o.after.Name = q.name
	}
	if len(o.after.Pinned) == 0 {
		return
	}
	if !o.after.Equal(known) && known.Equal(p.State.Cluster(q.uuid)) {
		if o.fileErr = p.State.SetCluster(q.uuid, o.after); o.fileErr != nil {
			return
		}
	}
	if !sameCAs(p.State.Cluster(q.uuid).Pinned, o.after.Pinned) {
		return // another process decided since; the CA file never leads the pins
	}
	if q.byPerson && !q.noCAFile {
		if o.fileErr = p.State.WriteCAFile(q.uuid, o.after.Pinned); o.fileErr != nil {
			return
		}
	}
	o.rewritten, o.fileErr = p.repair(ctx, q.uuid, o.after.Pinned)
}

// repairWait bounds the wait for another process that writes a kubeconfig.
const repairWait = time.Second

// repair has the CA file hold just these CAs, if there is one, and so each
// kubeconfig that config wrote with the CA in it. It says whether any did not
// before. A kubeconfig that cannot be written is left to the next call.
func (p *Plugin) repair(ctx context.Context, uuid string, cas []*x509.Certificate) (rewritten bool, err error) {
	if len(cas) == 0 {
		return false, nil // an empty CA file would mean the system's CAs
	}
	if p.State.HasCAFile(uuid) && !p.State.HoldsCAs(uuid, cas) {
		err = p.State.WriteCAFile(uuid, cas)
		rewritten = err == nil
	}
	ctx, cancel := context.WithTimeout(ctx, repairWait)
	defer cancel()
	for _, k := range p.State.Kubeconfigs(uuid) {
		if !k.Embedded {
			continue
		}
		changed, failed := kubeconfig.RefreshCA(ctx, k.File, uuid, state.BundlePEM(cas), p.Owner)
		rewritten = rewritten || changed && failed == nil
	}
	return rewritten, err
}

// embedded says whether some kubeconfig that config wrote has the CA in it.
func (p *Plugin) embedded(uuid string) bool {
	return slices.ContainsFunc(p.State.Kubeconfigs(uuid), func(k state.Kubeconfig) bool { return k.Embedded })
}

// byMagnum says whether Magnum's CA signed r.
func (o outcome) byMagnum(r *credential.Record) bool {
	return r != nil && o.magnum != nil && r.CA == pki.Fingerprint(o.magnum)
}

// inWindow says whether API servers may yet have another CA than Magnum.
func (o outcome) inWindow() bool { return rotation.Window(o.status) }

// live is the CA that the API server has proved to have; nil if it did not.
func (o outcome) live() *x509.Certificate { return o.seen.Live }

// without are those of cas that are not among known.
func without(cas, known []*x509.Certificate) []*x509.Certificate {
	return slices.DeleteFunc(slices.Clone(cas), func(ca *x509.Certificate) bool {
		return slices.ContainsFunc(known, func(k *x509.Certificate) bool { return k != nil && k.Equal(ca) })
	})
}

func fingerprints(cas []*x509.Certificate) []string {
	var out []string
	for _, ca := range cas {
		out = append(out, pki.Fingerprint(ca))
	}
	return out
}
