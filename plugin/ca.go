// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// ShowCARequest says which CA is to be shown.
type ShowCARequest struct {
	Cluster string // name or UUID
	Type    magnum.CAType
}

// SignCSRRequest says what is to be signed, and by which CA.
type SignCSRRequest struct {
	Cluster string // name or UUID
	Type    magnum.CAType
	CSR     []byte // PEM
}

// CAResult is a CA of a cluster or what it signed.
type CAResult struct {
	Cluster     string // as asked for
	Type        magnum.CAType
	Certificate *x509.Certificate
}

// RequestError is a certificate request that Magnum is not asked to sign.
type RequestError struct{ Err error } // one of pki's

func (e *RequestError) Error() string { return "the certificate request is refused: " + e.Err.Error() }
func (e *RequestError) Unwrap() error { return e.Err }

// ShowCA reads a CA that Magnum signs with now, be it in date or not: that is
// for whoever looks at it. Two requests: token, CA.
func (p *Plugin) ShowCA(ctx context.Context, r ShowCARequest) (*CAResult, error) {
	conn, err := p.connect(ctx, p.Cloud)
	if err != nil {
		return nil, err
	}
	p.Progress(fmt.Sprintf("reading the CA of cluster %q", r.Cluster))
	ca, err := conn.magnum.CA(ctx, r.Cluster, r.Type)
	if err != nil {
		return nil, explainByName(ctx, conn, r.Cluster, err)
	}
	return &CAResult{Cluster: r.Cluster, Type: r.Type, Certificate: ca}, nil
}

// SignCSR has somebody's request signed. Whatever Magnum would not answer well
// is refused before it is asked, and what it answers is checked. Three requests:
// token, signature, CA.
func (p *Plugin) SignCSR(ctx context.Context, r SignCSRRequest) (*CAResult, error) {
	request, err := pki.CheckRequest(r.CSR)
	if err != nil {
		return nil, &RequestError{Err: err}
	}
	conn, err := p.connect(ctx, p.Cloud)
	if err != nil {
		return nil, err
	}
	p.Progress(fmt.Sprintf("having the request signed by cluster %q", r.Cluster))
	signed, err := conn.magnum.Sign(ctx, r.Cluster, r.Type, pki.MarshalRequest(request))
	if err != nil {
		return nil, explainByName(ctx, conn, r.Cluster, err)
	}
	now := p.Now()
	ca, err := conn.magnum.CA(ctx, r.Cluster, r.Type)
	if err != nil {
		return nil, explainByName(ctx, conn, r.Cluster, err)
	}
	cert, err := pki.ParseCertificate(signed.PEM)
	if err == nil {
		err = pki.CheckSigned(cert, request, ca, now)
	}
	if err == nil {
		err = pki.CheckCA(ca, now)
	}
	if err != nil {
		refused := &RefusedError{Err: err}
		if !signed.Date.IsZero() {
			refused.Skew = signed.Date.Sub(now)
		}
		return nil, &ClusterError{Cluster: r.Cluster, Err: refused}
	}
	return &CAResult{Cluster: r.Cluster, Type: r.Type, Certificate: cert}, nil
}

// explainByName is explain for a cluster that was only asked for its
// certificates yet. To tell whose it is, or which ones have the name, it is
// looked up, on the way to an error only.
func explainByName(ctx context.Context, conn *connection, name string, err error) error {
	var notFound *magnum.NotFoundError
	var forbidden *magnum.ForbiddenError
	var ambiguous *magnum.AmbiguousError
	if errors.As(err, &notFound) || errors.As(err, &forbidden) || errors.As(err, &ambiguous) {
		c, lookup := conn.magnum.Cluster(ctx, name)
		switch {
		case lookup == nil:
			err = explain(conn, c, err)
		case errors.As(lookup, &ambiguous):
			err = lookup // with the UUIDs
		}
	}
	return &ClusterError{Cluster: name, Err: err}
}
