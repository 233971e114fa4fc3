// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// CA reads a CA certificate that Magnum signs the cluster's certificates with
// now. During a rotation, and after one that failed, the cluster's servers
// still have another. The errors are [*ForbiddenError], [*NotFoundError],
// [*AmbiguousError] and [*NoCertificatesError].
func (c *Client) CA(ctx context.Context, cluster string, which CAType) (*x509.Certificate, error) {
	if !segment(cluster) {
		return nil, &NotFoundError{Cluster: cluster}
	}
	var answer struct {
		PEM string `json:"pem"`
	}
	at := c.path("certificates", cluster)
	err := c.read(ctx, at+which.query(), &answer)
	if err := ofType(refusal(err, OpCA, cluster), which); err != nil {
		return nil, err
	}
	ca, reason := parseCA([]byte(answer.PEM))
	if reason != "" {
		return nil, &openstack.BadAnswerError{Service: service, URL: at, Reason: reason}
	}
	return ca, nil
}

// parseCA takes exactly one CERTIFICATE block and nothing beside it. Magnum's
// has no newline at the end.
func parseCA(text []byte) (ca *x509.Certificate, reason string) {
	text = bytes.TrimSpace(text)
	block, rest := pem.Decode(text)
	switch {
	case block == nil, !bytes.HasPrefix(text, []byte("-----BEGIN ")):
		return nil, "has no PEM certificate"
	case block.Type != "CERTIFICATE", len(block.Headers) > 0, len(rest) > 0:
		return nil, "has something else than one PEM certificate"
	}
	ca, err := x509.ParseCertificate(block.Bytes)
	switch {
	case err != nil:
		return nil, "has a certificate that cannot be parsed"
	case !ca.BasicConstraintsValid, !ca.IsCA:
		return nil, "has a certificate that is not a CA's"
	}
	return ca, ""
}

// Signed is what Magnum answers to a CSR.
type Signed struct {
	PEM  []byte    // as answered, nothing about it is checked
	Date time.Time // of the answer, by the server's clock; zero if it did not say
}

// Sign has a CSR, one PEM block, signed by a CA of the cluster. It asks once.
// The errors are [*ForbiddenError], [*NotFoundError], [*AmbiguousError] and
// [*NoCertificatesError].
func (c *Client) Sign(ctx context.Context, cluster string, which CAType, csrPEM []byte) (Signed, error) {
	question := map[string]string{"cluster_uuid": cluster, "csr": string(csrPEM)}
	if which != Kubernetes {
		question[caTypeMember] = string(which)
	}
	var answer struct {
		PEM string `json:"pem"`
	}
	header, err := c.post(ctx, c.path("certificates"), question, &answer)
	if err != nil {
		return Signed{}, ofType(refusal(err, OpSign, cluster), which)
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		date = time.Time{}
	}
	return Signed{PEM: []byte(answer.PEM), Date: date}, nil
}
