// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// No pause is shorter than the service asked for, and none goes on after the
// deadline.
func TestPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, after := range []time.Duration{0, time.Second, 20 * time.Second, retryMost} {
			var asked []time.Time
			busy := &openstack.ServiceError{Code: 503, RetryAfter: after}
			err := again(t.Context(), triesMax, func() error {
				asked = append(asked, time.Now())
				return busy
			})
			if !errors.Is(err, busy) || len(asked) != triesMax {
				t.Fatalf("%v after %d questions", err, len(asked))
			}
			for i := range triesMax - 1 {
				pause, grown := asked[i+1].Sub(asked[i]), firstPause<<i
				if pause < after+grown/2 || pause > after+grown*3/2 {
					t.Errorf("Retry-After %s: pause %d took %s", after, i, pause)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), after+time.Second/4)
			began := time.Now()
			if err := again(ctx, triesMax, func() error { return busy }); !errors.Is(err, busy) || time.Since(began) > after+time.Second/4 {
				t.Errorf("%v after %s", err, time.Since(began))
			}
			cancel()
		}
	})
}
