// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"strings"
	"time"
)

// certificatesResource is /v1/certificates: GET a CA, POST a CSR, PATCH to
// rotate.
func (s *Server) certificatesResource(q *question, path []string) (answer, *fault) {
	switch {
	case q.Method == http.MethodGet && len(path) > 0:
		return s.showCA(q, path[0])
	case q.Method == http.MethodPost && len(path) == 0:
		return s.signCSR(q)
	case q.Method == http.MethodPatch && len(path) == 0:
		return answer{}, missingArgument("cluster_ident")
	case q.Method == http.MethodPatch:
		return s.rotateCA(q, path[0])
	case q.Method == http.MethodPost:
		return notModelled(q.Request), nil
	}
	return answer{}, methodNotAllowed("GET, PATCH, POST")
}

func (s *Server) showCA(q *question, ident string) (answer, *fault) {
	if f := q.arguments("ca_cert_type"); f != nil {
		return answer{}, f
	}
	c, f := s.cluster(q.token, ident, false)
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, "certificate:get", c); f != nil {
		return answer{}, f
	}
	if c.WithoutAuthority {
		return answer{}, errNoKeyPair
	}
	ca := c.authorities.of(q.URL.Query().Get("ca_cert_type"))
	return jsonAnswer(http.StatusOK, s.certificateJSON(q, c, member{"pem", pemText(ca.cert.Raw)})), nil
}

// certificateJSON is a certificate's body; Magnum leaves out what is not set.
func (s *Server) certificateJSON(q *question, c *cluster, members ...member) object {
	o := object{
		{"bay_uuid", c.UUID},
		{"cluster_uuid", c.UUID},
		{"links", links(q.base, "certificates", c.UUID)},
	}
	if !s.release.bays {
		o = o[1:]
	}
	return append(o, members...)
}

// pemText is PEM as Magnum has it: without a newline at its end.
func pemText(der []byte) string {
	return strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
}

// SignFunc stands in for Magnum's signing. What it returns is the answer's
// "pem", whatever that is.
type SignFunc func(csr *x509.CertificateRequest, ca *x509.Certificate, key crypto.Signer) []byte

// SignWith has f sign in Magnum's place, after Magnum's checks of the request;
// nil gives Magnum its place back. f may be called concurrently.
func (s *Server) SignWith(f SignFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sign = f
}

func (s *Server) signCSR(q *question) (answer, *fault) {
	req, f := s.release.readSigning(q)
	if f != nil {
		return answer{}, f
	}
	c, f := s.clusterToSignFor(q.token, req)
	if f != nil {
		return answer{}, f
	}
	if req.csr == nil {
		return answer{}, faultf(http.StatusInternalServerError, "Cannot load 'csr' in the base class")
	}
	if c.WithoutAuthority {
		return answer{}, errNoKeyPair
	}
	csr, f := readCSR(*req.csr)
	if f != nil {
		return answer{}, f
	}
	signed, f := s.issueCertificate(csr, c.authorities.of(req.kind()))
	if f != nil {
		return answer{}, f
	}
	members := []member{{"csr", *req.csr}, {"pem", signed}}
	if req.caCertType != nil {
		members = append(members, member{"ca_cert_type", *req.caCertType})
	}
	return jsonAnswer(http.StatusCreated, s.certificateJSON(q, c, members...)), nil
}

// clusterToSignFor finds the cluster and asks the policy. A cluster that is
// not there is the body's mistake, so 400 and not 404.
func (s *Server) clusterToSignFor(t token, req signing) (*cluster, *fault) {
	c, f := s.cluster(t, req.clusterUUID, false)
	switch {
	case req.clusterUUID == "":
		return nil, errUnset(t)
	case f != nil && f.status == http.StatusNotFound:
		return nil, &fault{status: http.StatusBadRequest, detail: f.detail}
	case f != nil:
		return nil, f
	}
	return c, s.enforce(t, "certificate:create", c)
}

// issueCertificate signs for whatever subject and key the CSR has.
func (s *Server) issueCertificate(csr *x509.CertificateRequest, ca *authority) (string, *fault) {
	extensions, f := s.release.grant(csr.Extensions)
	if f != nil {
		return "", f
	}
	s.mu.Lock()
	sign := s.sign
	s.mu.Unlock()
	if sign != nil {
		return string(sign(csr, ca.cert, ca.key)), nil
	}
	if s.release.keyIDs {
		extensions = append(extensions, subjectKeyID(csr.RawSubjectPublicKeyInfo))
	}
	now := s.now()
	return pemText(leaf{
		issuer: ca.cert.RawSubject, subject: csr.RawSubject, publicKey: csr.RawSubjectPublicKeyInfo,
		from: now.Add(-24 * time.Hour), to: now.Add(s.opts.CertificateLife), extensions: extensions,
	}.sign(ca.key)), nil
}
