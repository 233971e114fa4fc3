// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/nodecert"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
)

const nodeCertsTime = 10 * time.Minute

// NodeCertsRequest says which node has its certificates made, and how far that
// goes: see [nodecert.Options].
type NodeCertsRequest struct {
	Cluster           string        // name or UUID
	Node              nodecert.Node // without a Server: Magnum's API address
	Root              string        // an absolute path
	Owner             nodecert.Owner
	ServiceAccountKey []byte // PEM, where there is none; nil to keep what there is
	Renew, Finish     bool
	Timeout           time.Duration // of all questions together; zero: ten minutes
	// Report tells somebody of the result, if that is not nil. What is to be
	// restarted is said again by the next run unless this returns nil.
	Report func(*NodeCertsResult) error
}

// NodeCertsResult is what was done.
type NodeCertsResult struct {
	nodecert.Outcome
	Cluster         string // its name
	Signed          int
	OldCAs          int      // that are trusted still
	OldCertificates []string // that a CA of before signed
	Warnings        []error  // each a [*nodecert.SharedKeyError]
	CANotAfter      time.Time
}

// NodeCerts makes a node's certificates as they should be: what is due gets a
// new key, is signed by Magnum, checked and installed. It logs in once, asks
// for the cluster and its CAs, and then for each certificate that is due. What
// fails is asked for again, until the request's Timeout.
func (p *Plugin) NodeCerts(ctx context.Context, r NodeCertsRequest) (*NodeCertsResult, error) {
	if err := nodecert.CheckRoot(r.Root); err != nil {
		return nil, err
	}
	dir, err := nodecert.Open(r.Root, r.Owner)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(r.Timeout, nodeCertsTime))
	defer cancel()
	n, err := p.nodeConnect(ctx, r.Cluster, r.Node, triesMax)
	if err != nil {
		return nil, err
	}
	result, err := p.nodeCerts(ctx, n, dir, r)
	var refused *RefusedError
	if errors.As(err, &refused) && errors.Is(err, pki.ErrOtherCA) && n.rotated(ctx, p) {
		result, err = p.nodeCerts(ctx, n, dir, r)
	}
	if err == nil && r.Report != nil {
		err = r.Report(result)
	}
	if err != nil {
		return nil, err
	}
	return result, dir.Reported()
}

// nodeCluster is a cluster as one of its nodes sees it.
type nodeCluster struct {
	conn    *connection
	asked   string // name or UUID, as asked for
	cluster magnum.Cluster
	node    nodecert.Node
	cas     nodecert.Authorities
	tries   int // of each question
}

func (p *Plugin) nodeConnect(ctx context.Context, name string, node nodecert.Node, tries int) (*nodeCluster, error) {
	n := &nodeCluster{asked: name, node: node, tries: tries}
	err := again(ctx, n.tries, func() (err error) {
		n.conn, err = p.connect(ctx, p.Cloud)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.Progress(fmt.Sprintf("looking up cluster %q", name))
	err = again(ctx, n.tries, func() (err error) {
		n.cluster, err = n.conn.magnum.Cluster(ctx, name)
		return err
	})
	if err != nil {
		return nil, &ClusterError{Cluster: name, Err: err}
	}
	if n.node.Server == "" {
		if n.node.Server = n.cluster.APIAddress; n.node.Server == "" {
			return nil, &ClusterError{Cluster: name, Err: notReady(n.cluster)}
		}
	}
	if err := n.node.Check(); err != nil {
		return nil, err
	}
	return n, n.readCAs(ctx, p)
}

func (n *nodeCluster) readCAs(ctx context.Context, p *Plugin) error {
	cas := nodecert.Authorities{}
	for _, which := range n.node.CATypes() {
		p.Progress(fmt.Sprintf("reading the CA of type %s of cluster %q", which, n.asked))
		err := again(ctx, n.tries, func() (err error) {
			cas[which], err = n.conn.magnum.CA(ctx, n.cluster.UUID, which)
			return err
		})
		if err != nil {
			return n.explain(err)
		}
	}
	n.cas = cas
	return nil
}

// rotated says whether Magnum has another CA by now than it had.
func (n *nodeCluster) rotated(ctx context.Context, p *Plugin) bool {
	before := n.cas
	if n.readCAs(ctx, p) != nil {
		return false
	}
	for which, ca := range n.cas {
		if !ca.Equal(before[which]) {
			return true
		}
	}
	return false
}

func (n *nodeCluster) explain(err error) error {
	return &ClusterError{Cluster: n.asked, Err: explain(n.conn, n.cluster, err)}
}

func (p *Plugin) nodeCerts(ctx context.Context, n *nodeCluster, dir *nodecert.Dir, r NodeCertsRequest) (*NodeCertsResult, error) {
	plan, err := dir.NewPlan(n.node, nodecert.Options{
		Cluster: n.cluster.Name, UUID: n.cluster.UUID, Authorities: n.cas, Renew: r.Renew, Finish: r.Finish,
		ServiceAccountKey: r.ServiceAccountKey, Now: p.Now(),
	})
	if err != nil {
		return nil, &ClusterError{Cluster: n.asked, Err: err}
	}
	if len(plan.Needs) > 0 {
		if err := dir.Prepare(); err != nil {
			return nil, err
		}
	}
	var issued []nodecert.Issued
	for i, need := range plan.Needs {
		p.Progress(fmt.Sprintf("having certificate %d of %d signed: %s", i+1, len(plan.Needs), need.Path))
		one, err := p.nodeIssue(ctx, n, need)
		if err != nil {
			return nil, err
		}
		issued = append(issued, one)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	outcome, err := plan.Install(issued)
	if err != nil {
		return nil, err
	}
	return &NodeCertsResult{
		Outcome: outcome, Cluster: n.cluster.Name, Signed: len(issued), OldCAs: plan.OldCAs, OldCertificates: plan.OldCertificates,
		Warnings: plan.Warnings(), CANotAfter: n.cas[magnum.Kubernetes].NotAfter,
	}, nil
}

// nodeIssue makes a key in memory and has it signed for. To ask for that again
// changes nothing anywhere, so that is done as if it were a reading.
func (p *Plugin) nodeIssue(ctx context.Context, n *nodeCluster, need nodecert.Need) (nodecert.Issued, error) {
	key, err := pki.NewKey()
	if err != nil {
		return nodecert.Issued{}, err
	}
	request, err := pki.LeafRequest(key, need.Leaf)
	if err != nil {
		return nodecert.Issued{}, err
	}
	var signed magnum.Signed
	err = again(ctx, n.tries, func() (err error) {
		signed, err = n.conn.magnum.Sign(ctx, n.cluster.UUID, need.CA, request)
		return err
	})
	if err != nil {
		return nodecert.Issued{}, n.explain(err)
	}
	now := p.Now()
	issued, err := need.Accept(key, signed.PEM, n.cas[need.CA], now)
	if err != nil {
		refused := &RefusedError{Err: fmt.Errorf("%s: %w", need.Path, err)}
		if !signed.Date.IsZero() {
			refused.Skew = signed.Date.Sub(now)
		}
		return nodecert.Issued{}, &ClusterError{Cluster: n.asked, Err: refused}
	}
	return issued, nil
}

// checkOffline takes the API server from the node. One that has none, or a
// damaged one, is looked at all the same.
func (n *nodeCluster) checkOffline(root string) error {
	if n.node.Server != "" {
		return n.node.Check()
	}
	n.node.Server = nodecert.InstalledServer(root)
	return n.node.CheckNames()
}

// NodeCheckRequest says which node is to be looked at.
type NodeCheckRequest struct {
	Cluster string // name or UUID
	Node    nodecert.Node
	Root    string         // an absolute path
	Owner   nodecert.Owner // who the files were given to
}

// NodeCheckResult is what was found.
type NodeCheckResult struct {
	*nodecert.Inspection
	Cluster string            // as asked for
	CA      *x509.Certificate // Magnum's; nil if it could not be asked
	Offline error             // why not
}

// CheckNodeCerts looks at a node's certificates and changes nothing. Without a
// login, or a way to OpenStack, the CAs on the node itself have to do.
func (p *Plugin) CheckNodeCerts(ctx context.Context, r NodeCheckRequest) (*NodeCheckResult, error) {
	if err := nodecert.CheckRoot(r.Root); err != nil {
		return nil, err
	}
	result := &NodeCheckResult{Cluster: r.Cluster}
	n, err := p.nodeConnect(ctx, r.Cluster, r.Node, 1)
	var unreachable *openstack.UnreachableError
	var noCloud *openstack.NoCloudError
	var untrusted *tls.CertificateVerificationError // somebody answered, and perhaps not OpenStack
	switch {
	case errors.As(err, &untrusted):
		return nil, err
	case errors.As(err, &unreachable), errors.As(err, &noCloud):
		result.Offline = err
		n = &nodeCluster{node: r.Node}
		if err := n.checkOffline(r.Root); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		result.CA = n.cas[magnum.Kubernetes]
	}
	result.Inspection, err = nodecert.Inspect(r.Root, n.node, r.Owner, n.cas, p.Now())
	return result, err
}
