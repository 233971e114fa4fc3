// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

// dial is one connection and what it has shown. A request that ran out of time
// leaves its dial behind, still running.
type dial struct {
	roots []*x509.Certificate
	only  bool        // the handshake, nothing after it
	token bool        // is shown, and no client certificate
	asked atomic.Bool // for a client certificate

	mu        sync.Mutex
	conn      net.Conn
	leaf      *x509.Certificate // of a chain that verifies
	root      *x509.Certificate // that it verifies under
	completed bool              // the server has the chain's key
}

func (d *dial) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, ca := range d.roots {
		pool.AddCert(ca)
	}
	return pool
}

func (d *dial) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.conn = conn
	return conn, err
}

// verified is called when the chain verifies, before the server has proved
// that it has the key.
func (d *dial) verified(state tls.ConnectionState) error {
	if len(state.VerifiedChains) == 0 {
		return errors.New("the chain was not verified")
	}
	chain := state.VerifiedChains[0]
	d.mu.Lock()
	defer d.mu.Unlock()
	d.leaf, d.root = chain[0], chain[len(chain)-1]
	return nil
}

// trace sees the end of the handshake, before anything is sent after it.
func (d *dial) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.completed = err == nil && d.root != nil
		if d.only && d.conn != nil {
			_ = d.conn.Close()
		}
	}}
}

// seen tells a stranger from a server that could not be reached.
func (d *dial) seen(err error) Seen {
	d.mu.Lock()
	defer d.mu.Unlock()
	unverified, ok := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case d.completed && d.only:
		return Seen{Live: d.root}
	case d.completed:
		return Seen{Live: d.root, Err: err}
	case ok && d.foreign(unverified.UnverifiedCertificates[0]):
		return Seen{Stranger: true, Presented: pki.Fingerprint(unverified.UnverifiedCertificates[0]), Err: unverified.Err}
	case d.leaf != nil && !fromNetwork(err):
		return Seen{Stranger: true, Presented: pki.Fingerprint(d.leaf), Err: errors.New("the server has not proved that it has its certificate's key")}
	}
	return Seen{Err: err, Silent: fromNetwork(err)}
}

// foreign says whether a certificate that was refused is by none of the roots.
// If it is by one, then name, dates or usage are wrong: for the client to
// refuse, and to explain. What else the server sent does not count: anybody can
// send a CA along.
func (d *dial) foreign(leaf *x509.Certificate) bool {
	return !slices.ContainsFunc(d.roots, func(root *x509.Certificate) bool { return pki.SignedBy(leaf, root) == nil })
}

// fromNetwork says whether err is of the connection, or of the server, and not
// of our own checks of what the server sent.
func fromNetwork(err error) bool {
	var op *net.OpError
	var network net.Error
	return errors.As(err, &op) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
