// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"crypto/x509"
	"fmt"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/pki"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/rotation"
)

// fixCAFile repairs the CA file where the client trusts something else than
// what is pinned, and says whether it had to be.
func (c *call) fixCAFile(ctx context.Context) bool {
	uuid := c.r.Identity.Cluster
	if sameCAs(c.trusted, c.cluster.Pinned) || c.State.HoldsCAs(uuid, c.cluster.Pinned) && !c.embedded(uuid) {
		return false
	}
	defer c.lockCluster(ctx, uuid, repairWait)()
	fixed, _ := c.repair(ctx, uuid, c.State.Cluster(uuid).Pinned)
	return fixed
}

// warn tells what a reconciliation has found, where the user has to know.
func (c *call) warn(o outcome) {
	if o.Reason == rotation.Differs {
		c.r.Notice(fmt.Sprintf("cluster %q: Magnum has another CA (SHA-256 %s) than the API server, though it says %s; the pinned one stays",
			c.r.ClusterName, pki.Fingerprint(o.magnum), o.status))
	}
	switch {
	case o.fileErr != nil:
		c.r.Notice(fmt.Sprintf("cluster %q: what is to be trusted could not be written down: %v", c.r.ClusterName, o.fileErr))
	case o.live() != nil:
		c.warnOutdated(o.live(), o.rewritten)
	}
}

// warnOutdated tells that this client cannot trust the API server yet: it has
// loaded its CAs before it asked.
func (c *call) warnOutdated(live *x509.Certificate, rewritten bool) {
	switch {
	case live == nil || c.target == nil || rotation.Contains(c.trusted, live):
	case c.withhold() != nil: // which it is told
	case rewritten:
		c.r.Notice(fmt.Sprintf("cluster %q has a new CA: it was fetched from Magnum and the CA file replaced; run the command again", c.r.ClusterName))
	case !c.use.Knows(c.r.Parent):
		// It loaded the CA file before another call repaired it, or it has the old
		// CA from elsewhere, which cannot be told apart here. One that runs for
		// long is told once.
		c.r.Notice(fmt.Sprintf("cluster %q has a new CA, which kubectl has not loaded: run the command again or, if that does not help, make the context anew: %s", c.r.ClusterName, c.r.Config))
	}
}
