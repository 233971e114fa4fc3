// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// proofUser is whom the certificates are for by which a rotation is proved:
// somebody in no group, whom nobody has given any rights.
const proofUser = "kubectl-magnum-rotation"

// proveTime is how long API servers may take to follow a rotation that Magnum
// calls complete. They are restarted before that, but not all at once.
const proveTime = 30 * time.Second

// credentialProof is a certificate that exists in memory alone.
type credentialProof struct{ record *credential.Record }

// newProof has one signed by ca, which Magnum has named.
func (w *rotating) newProof(ctx context.Context, ca *x509.Certificate) (*credentialProof, error) {
	got, err := w.issue(ctx, w.conn.magnum, credential.Identity{
		Cluster: w.cluster.UUID, Project: w.conn.session.ProjectID, Owner: w.conn.session.UserID, User: proofUser,
	}, []*x509.Certificate{ca})
	if err != nil {
		return nil, err
	}
	return &credentialProof{record: got.record}, nil
}

// prove shows the API server a certificate of the new CA and, if there is one,
// a certificate of the old: the one is to be accepted and the other refused.
func (w *rotating) prove(ctx context.Context) error {
	pins := w.State.Cluster(w.cluster.UUID).Pinned
	fresh, err := w.newProof(ctx, w.ca)
	if err != nil {
		return explain(w.conn, w.cluster, err)
	}
	w.Progress("asking the API server which certificates it accepts")
	end, stranger := w.Now().Add(proveTime), false
	for {
		seen := w.target().Probe(ctx, pins, pair(fresh.record))
		w.result.Proof, stranger = Proof{New: seen.Verdict, Err: seen.Err}, seen.Stranger
		if w.proof != nil && seen.Verdict == rotation.Accepted {
			old := w.target().Probe(ctx, pins, pair(w.proof.record))
			w.result.Proof.Old, w.result.Proof.Err = old.Verdict, old.Err
		}
		switch {
		case w.result.Proof.proved(w.proof != nil):
			return nil
		case w.Now().Before(end):
		case stranger, w.result.Proof.New == rotation.Refused, w.result.Proof.Old == rotation.Accepted:
			return &NotProvedError{Proof: w.result.Proof}
		default:
			return nil // it could not be asked from here
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(confirmInterval):
		}
		w.Progress(fmt.Sprintf("waiting for the API server of cluster %q to follow", w.cluster.Name))
	}
}

// proved says whether the new credential is accepted and the old one, if there
// is one, refused.
func (p Proof) proved(hasOld bool) bool {
	return p.New == rotation.Accepted && (!hasOld || p.Old == rotation.Refused)
}
