// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest/contract"
)

var record = flag.String("record", "", "write the real pair's answers to files in this `directory`, testdata for one")

// TestReal asks the pair that the environment names. Knobs are turned by the
// program MAGNUM_CONTRACT_KNOB, called with "token-life SECONDS",
// "rotation completes|fails|refused" or "status CLUSTER STATUS".
func TestReal(t *testing.T) {
	target, ok, err := contract.FromEnv(os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		t.Skip("MAGNUM_CONTRACT_CLOUDS names no real pair")
	}
	if program := os.Getenv("MAGNUM_CONTRACT_KNOB"); program != "" {
		turn := func(args ...string) error {
			out, err := exec.Command(program, args...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s %q: %w: %s", program, args, err, out)
			}
			return nil
		}
		target.TokenLife = func(d time.Duration) error { return turn("token-life", fmt.Sprint(int(d.Seconds()))) }
		target.Rotation = func(outcome string) error { return turn("rotation", outcome) }
		target.SetStatus = func(cluster, status string) error { return turn("status", cluster, status) }
	}
	target.Record = *record
	contract.Run(t, target)
}

func TestDouble(t *testing.T) {
	for _, o := range []magnumtest.Options{{}, {Policy: "project"}, {Version: 23}, {Version: 23, Policy: "project"}} {
		t.Run(fmt.Sprintf("Magnum %d, policy %q", max(o.Version, 15), o.Policy), func(t *testing.T) {
			t.Parallel()
			testDouble(t, o)
		})
	}
}

func testDouble(t *testing.T, o magnumtest.Options) {
	o.RotateAfter = -1
	s := magnumtest.New(o)
	defer s.Close()
	target, err := contract.FromClouds(s.CloudsYAML())
	if err != nil {
		t.Fatal(err)
	}
	target.Policy = o.Policy
	target.TokenLife = func(d time.Duration) error {
		s.SetTokenLife(d)
		return nil
	}
	target.SetStatus = func(cluster, status string) error {
		s.SetCluster(cluster, func(c *magnumtest.Cluster) { c.Status = status })
		return nil
	}
	target.FinishRotation = func(cluster string) error {
		s.FinishRotation(cluster)
		return nil
	}
	target.Rotation = func(outcome string) error {
		s.SetRotation(map[string]magnumtest.RotationOutcome{
			"completes": magnumtest.RotationCompletes,
			"fails":     magnumtest.RotationFails,
			"refused":   magnumtest.RotationIsRefused,
		}[outcome])
		return nil
	}
	contract.Run(t, target)
}
