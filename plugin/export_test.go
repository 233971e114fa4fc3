// SPDX-License-Identifier: Apache-2.0

package plugin

import "time"

// TestOnlyProbeTime is for tests on a machine that is too busy for
// [rotation.ProbeTime].
func (p *Plugin) TestOnlyProbeTime(d time.Duration) { p.testOnlyProbeTime = d }
