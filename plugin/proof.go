// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// proofUser is whom the certificates are for by which a rotation is proved:
// somebody in no group, whom nobody has given any rights.
const proofUser = "kubectl-magnum-rotation"

// proveTime is how long API servers may take to follow a rotation that Magnum
// calls complete. They are restarted before that, but not all at once.
const proveTime = 30 * time.Second

// newProof has a certificate signed that exists in memory alone, by the CA that
// Magnum has named.
func (w *rotating) newProof(ctx context.Context) (*credential.Record, error) {
	var got issued
	err := w.loggedIn(ctx, func() (err error) {
		got, err = w.issue(ctx, w.conn.magnum, credential.Identity{
			Cluster: w.cluster.UUID, Project: w.conn.session.ProjectID, Owner: w.conn.session.UserID, User: proofUser,
		}, []*x509.Certificate{w.ca})
		return err
	})
	if err == nil && got.fetched {
		err = &RotatedError{Pinned: pki.Fingerprint(w.ca), Now: pki.Fingerprint(got.ca)}
	}
	return got.record, err
}

// oldProof is a certificate that the API server accepts, and has to refuse in
// the end; nil if it does not accept it, or does not answer: then there is
// nothing to prove by it.
func (w *rotating) oldProof(ctx context.Context) (*credential.Record, error) {
	record, err := w.newProof(ctx)
	if err != nil || w.probe(ctx, record).Verdict != rotation.Accepted {
		return nil, err
	}
	return record, nil
}

func (w *rotating) probe(ctx context.Context, r *credential.Record) rotation.Seen {
	return w.target().Probe(ctx, w.State.Cluster(w.cluster.UUID).Pinned, pair(r))
}

// prove shows the API server a certificate of the new CA and, if there is one,
// a certificate of the old: the one is to be accepted and the other refused.
func (w *rotating) prove(ctx context.Context) error {
	fresh, err := w.newProof(ctx)
	if err != nil {
		return explain(w.conn, w.cluster, err)
	}
	w.Progress("asking the API server which certificates it accepts")
	for end := w.Now().Add(proveTime); ; {
		seen := w.probe(ctx, fresh)
		proof := Proof{New: seen.Verdict, Err: seen.Err}
		if w.old != nil && seen.Verdict == rotation.Accepted {
			old := w.probe(ctx, w.old)
			proof.Old, proof.Err = old.Verdict, old.Err
		}
		w.result.Proof = proof
		switch {
		case proof.proved(w.old != nil):
			return nil
		case w.Now().Before(end):
		case seen.Stranger, proof.New == rotation.Refused, proof.Old == rotation.Accepted:
			return &NotProvedError{Proof: proof}
		default:
			return nil // it could not be asked from here
		}
		w.Progress(fmt.Sprintf("waiting for the API server of cluster %q to follow", w.cluster.Name))
		if err := pause(ctx, confirmInterval); err != nil {
			return err
		}
		if err := w.repin(ctx); err != nil && !worthWaiting(err) { // it may have come back just now
			return err
		}
	}
}

// proved says whether the new credential is accepted and the old one, if there
// is one, refused.
func (p Proof) proved(hasOld bool) bool {
	return p.New == rotation.Accepted && (!hasOld || p.Old == rotation.Refused)
}
