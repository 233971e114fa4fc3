// SPDX-License-Identifier: Apache-2.0

package nodecert

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
)

// Change is a file that was written, and why.
type Change struct{ Path, Why string }

// Outcome is what a plan did.
type Outcome struct {
	Changes []Change // none if all was as it should be
	Restart []string // components that read what changed only when they start
	// CutShort says that Restart counts what a run before may have changed that
	// ended before it was [Dir.Reported].
	CutShort bool
	// PKIMounted says that containers have mounted the pki of before, which
	// stays beside the new one until a run after they were started again.
	PKIMounted bool
}

// Install carries the plan out with what was signed for its Needs.
func (p *Plan) Install(issued []Issued) (Outcome, error) {
	trees, err := p.trees(issued)
	if err != nil {
		return Outcome{}, err
	}
	var changed, before []string
	if p.before != nil {
		before = p.before.Restart
	}
	for _, t := range trees {
		names, err := p.dir.differing(t)
		if err != nil {
			return Outcome{}, err
		}
		if len(names) == 0 {
			continue
		}
		changed = appendNew(changed, names...)
		note := unreported{restart(p.node.Role, changed, p.dir.inUse, before), p.sharedKeyExposed()}
		if err := p.dir.noteUnreported(note); err != nil {
			return Outcome{}, err
		}
		if err := p.dir.install(t, names); err != nil {
			return Outcome{}, err
		}
	}
	slices.Sort(changed)
	out := Outcome{Restart: restart(p.node.Role, changed, p.dir.inUse, before), CutShort: p.before != nil, PKIMounted: p.dir.inUse}
	for _, name := range changed {
		out.Changes = append(out.Changes, Change{p.dir.said(name), p.why(name)})
	}
	return out, nil
}

// why a file was written.
func (p *Plan) why(name string) string {
	item := name
	if inPKI(name) {
		item = strings.TrimSuffix(name, path.Ext(name))
	}
	for _, need := range p.Needs {
		if need.Path == item {
			return need.Err.Error()
		}
	}
	if _, ok := p.have.tree[name]; !ok && name != "pki" && name != "pki/etcd" {
		return errMissing.Error()
	}
	if name == saKey {
		return p.whySharedKey()
	}
	if !inPKI(name) || path.Base(name) == "ca.crt" || name == caFiles[magnum.FrontProxy] {
		switch {
		case p.newCA():
			return "Magnum has a new CA"
		case p.options.Finish && len(p.have.bundles) > 0:
			return "the CA of before is given up"
		}
	}
	return whyDiffers
}

func (p *Plan) whySharedKey() string {
	switch _, err := publicOf(p.have.tree[saKey]); {
	case err != nil:
		return fmt.Sprintf("it was damaged: %v", err)
	case p.sharedKeyExposed():
		return ErrSharedKeyExposed.Error()
	}
	return whyDiffers
}

const whyDiffers = "its content, mode or owner was another"

// readOnce are the files that a component reads only when it starts. The API
// server and etcd read all others again by themselves, within a minute.
var readOnce = []struct {
	component string
	files     []string
}{
	{"etcd", []string{"pki/etcd/ca.crt"}},
	{"kube-apiserver", []string{"pki/ca.crt", "pki/etcd/ca.crt", saKey, saPublic}},
	{"kube-controller-manager", []string{"controller-manager.conf", "pki/ca.crt", saKey}},
	{"kube-scheduler", []string{"scheduler.conf"}},
	{"kubelet", []string{kubeletConf, "pki/ca.crt", "pki/kubelet.crt"}},
	{"kube-proxy", []string{"kube-proxy.conf"}},
}

// mountPKI are the components that kubeadm gives pki, or pki/etcd, as a volume.
var mountPKI = []string{"etcd", "kube-apiserver", "kube-controller-manager"}
