// SPDX-License-Identifier: Apache-2.0

package plugin

import "time"

// TestOnlyPatience is for tests on a machine that is too busy for
// [rotation.ProbeTime], and for the waits for locks.
func (p *Plugin) TestOnlyPatience(d time.Duration) { p.testOnlyPatience = d }
