// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest/contract"
)

var record = flag.String("record", "", "write what Keystone and Magnum answer to files in this `directory`, instead of comparing it")

// TestContract asks the real pair what package magnumtest, which stands in for
// it in all other tests, is asked too: both must give the answers on record.
func TestContract(t *testing.T) {
	t.Parallel() // it mostly waits for Magnum to give up
	for _, policy := range []string{"", "project"} {
		t.Run(fmt.Sprintf("policy %q", policy), func(t *testing.T) {
			t.Parallel()
			// The suite is not kind to a pair: each time a new one.
			p := Start(t)
			if p.dir == "" {
				t.Skip("not on a pair of somebody else's")
			}
			target, err := contract.FromClouds(read(t, p.CloudsYAML))
			if err != nil {
				t.Fatal(err)
			}
			target.Record = *record
			target.Policy = policy
			if policy != "" {
				p.Set(t, "policy", policy)
			}
			target.TokenLife = func(d time.Duration) error {
				p.Set(t, "token_seconds", fmt.Sprint(int(d.Seconds())))
				return nil
			}
			target.Rotation = func(outcome string) error {
				p.Set(t, "rotate_seconds", "2")
				p.Set(t, "rotate_fail", map[string]string{"completes": "", "fails": "nodes", "refused": "driver"}[outcome])
				return nil
			}
			target.SetStatus = func(cluster, status string) error {
				p.SetCluster(t, cluster, "status", status)
				return nil
			}
			contract.Run(t, target)
		})
	}
}
