// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/credential"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// RefusedError is a certificate that we don't accept, from Magnum or from the
// cluster.
type RefusedError struct {
	Err error // one of pki's
	// Skew is by how much this machine's clock is behind the signer's (ahead, if
	// negative); zero when that did not say what time it is.
	Skew      time.Duration
	ByCluster bool // and not by Magnum
}

func (e *RefusedError) Error() string {
	signer := "Magnum's"
	if e.ByCluster {
		signer = "the API server's"
	}
	if e.Skew.Abs() < 2*time.Second { // the Date header has whole seconds
		return fmt.Sprintf("%s answer is refused: %v", signer, e.Err)
	}
	way := "behind"
	if e.Skew < 0 {
		way = "ahead of"
	}
	return fmt.Sprintf("%s answer is refused: %v; this machine's clock is %s %s %s",
		signer, e.Err, e.Skew.Abs().Round(time.Second), way, signer)
}

func (e *RefusedError) Unwrap() error { return e.Err }

// ByClock says whether only a clock speaks against the certificate.
func (e *RefusedError) ByClock() bool {
	return errors.Is(e.Err, pki.ErrExpired) || errors.Is(e.Err, pki.ErrNotYetValid) ||
		errors.Is(e.Err, credential.ErrTooLong) && e.Skew > pki.ClockGrace
}

// issued is a new record and the CA that signed it.
type issued struct {
	record *credential.Record
	until  time.Time         // of a token: by when it is at its end
	ca     *x509.Certificate // for a token: by which its cluster is trusted
	// fetched means that ca is none of those expected but what Magnum named
	// just now: nothing was pinned, or the CA was replaced.
	fetched bool
}

// issue makes a key in memory, has Magnum sign for it and checks what came
// back against cas, the CAs that Magnum named before. If none of them signed
// it, Magnum is asked once more which CA it has. Where a short-lived certificate is
// wanted, what Magnum signs is only the one to ask for it with.
func (p *Plugin) issue(ctx context.Context, m *magnum.Client, id credential.Identity, cas []*x509.Certificate) (issued, error) {
	id = magnumIdentity(id)
	key, err := pki.NewKey()
	if err != nil {
		return issued{}, err
	}
	request, err := pki.ClientRequest(key, id.Subject())
	if err != nil {
		return issued{}, err
	}
	signed, err := m.Sign(ctx, id.Cluster, magnum.Kubernetes, request)
	if err != nil {
		return issued{}, err
	}
	now := p.Now()
	refuse := func(err error) error {
		refused := &RefusedError{Err: err}
		if !signed.Date.IsZero() {
			refused.Skew = signed.Date.Sub(now)
		}
		return refused
	}
	cert, err := pki.ParseCertificate(signed.PEM)
	if err != nil {
		return issued{}, refuse(err)
	}
	if err := pki.CheckClient(cert, &key.PublicKey, id.Subject(), now); err != nil {
		return issued{}, refuse(err)
	}
	ca, fetched, err := signer(ctx, m, id.Cluster, cert, cas)
	if err != nil {
		return issued{}, err
	}
	if ca == nil {
		return issued{}, refuse(pki.ErrOtherCA)
	}
	if err := pki.CheckCA(ca, now); err != nil {
		return issued{}, refuse(err)
	}
	return issued{record: credential.NewRecord(id, key, cert, ca, now), ca: ca, fetched: fetched}, nil
}

// signer finds the CA that signed cert: one of cas, else the one that Magnum
// has by now, else nil.
func signer(ctx context.Context, m *magnum.Client, cluster string, cert *x509.Certificate, cas []*x509.Certificate) (ca *x509.Certificate, fetched bool, err error) {
	signed := func(ca *x509.Certificate) bool { return pki.SignedBy(cert, ca) == nil }
	if i := slices.IndexFunc(cas, signed); i >= 0 {
		return cas[i], false, nil
	}
	fresh, err := m.CA(ctx, cluster, magnum.Kubernetes)
	if err != nil {
		return nil, false, err
	}
	if !signed(fresh) {
		return nil, false, nil
	}
	return fresh, true, nil
}
