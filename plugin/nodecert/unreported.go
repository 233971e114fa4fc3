// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"encoding/json"
	"slices"
)

// unreportedName is where a run notes what it will have to say before it
// changes anything. It is there only until that is said.
const unreportedName = ".kubectl-magnum.unreported"

// unreported is what follows from a change and cannot be seen afterwards.
type unreported struct {
	Restart []string `json:"restart"`
	Exposed bool     `json:"exposed,omitempty"` // the key of service accounts
}

// readUnreported reads what a run that was cut short had to say: to restart
// everything, if that cannot be read. nil if there is none.
func (d *Dir) readUnreported() (*unreported, error) {
	f, err := d.read(unreportedName)
	if err != nil || f.missing() {
		return nil, err
	}
	d.unreported = true
	u := &unreported{}
	if json.Unmarshal(f.data, u) != nil {
		for _, c := range readOnce {
			u.Restart = append(u.Restart, c.component)
		}
	}
	return u, nil
}

func (d *Dir) noteUnreported(u unreported) error {
	if len(u.Restart) == 0 && !u.Exposed {
		return nil
	}
	data, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if differs, err := d.differs(unreportedName, data); err != nil || !differs {
		return err
	}
	d.unreported = true
	return d.replace(unreportedName, data)
}

// Reported says that somebody was told of an [Outcome] and the [Plan.Warnings]:
// until then the next run says what of them cannot be seen any more.
func (d *Dir) Reported() error {
	if !d.unreported { // a disk that is read-only refuses also what does nothing
		return nil
	}
	d.unreported = false
	return d.wrap(d.root.Remove(unreportedName))
}

// restart are the components that have to be started again: those that read
// only then what changed, that have pki of before mounted, and of before.
func restart(role Role, changed []string, mounted bool, before []string) []string {
	var out []string
	for _, c := range readOnce {
		onWorkers := c.component == "kubelet" || c.component == "kube-proxy"
		due := slices.ContainsFunc(c.files, func(f string) bool { return slices.Contains(changed, f) }) ||
			mounted && slices.Contains(mountPKI, c.component) || slices.Contains(before, c.component)
		if due && (role == ControlPlane || onWorkers) {
			out = append(out, c.component)
		}
	}
	return out
}
