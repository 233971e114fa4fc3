// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import "fmt"

// TakenError says that a name is used by an entry that is not ours to change.
type TakenError struct {
	Kind string // KindContext, KindCluster or KindUser
	Name string
	File string // "" if two of the entries asked for claim the name
	Have string // UUID of the cluster that the name stands for; "" if the entry is not ours
}

func (e *TakenError) Error() string {
	where := ""
	if e.File != "" {
		where = fmt.Sprintf(" in %q", e.File)
	}
	if e.Have != "" {
		return fmt.Sprintf("%s %q%s stands for another cluster, %s", e.Kind, e.Name, where, e.Have)
	}
	return fmt.Sprintf("%s %q%s was not made by kubectl-magnum", e.Kind, e.Name, where)
}

// InUseError says that a context which is not ours needs an entry of ours that is
// to be removed.
type InUseError struct {
	File    string
	Context string
	Kind    string // KindCluster or KindUser, of the entry
	Name    string // of the entry
}

func (e *InUseError) Error() string {
	return fmt.Sprintf("context %q in %q, which was not made by kubectl-magnum, needs the %s %q", e.Context, e.File, e.Kind, e.Name)
}

// LockedError says that somebody held the lock of a kubeconfig until the
// context's deadline.
type LockedError struct {
	File     string // the kubeconfig
	LockFile string
	PID      int // holder, if it is one of ours; 0 for kubectl's own lock, which does not say
}

func (e *LockedError) Error() string {
	if e.PID != 0 {
		return fmt.Sprintf("kubeconfig %q is locked by process %d (%q)", e.File, e.PID, e.LockFile)
	}
	return fmt.Sprintf("kubeconfig %q is locked (%q)", e.File, e.LockFile)
}

// ExistsError says that a file which should be new is there already.
type ExistsError struct{ File string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%q exists already", e.File) }

// InvalidError says why a kubeconfig is not edited. Reason never quotes a
// value of the file, which may be a secret.
type InvalidError struct {
	File   string
	Line   int // 1 for the first; 0 if no one line is to blame
	Reason string
}

func (e *InvalidError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("kubeconfig %q, line %d: %s", e.File, e.Line, e.Reason)
	}
	return fmt.Sprintf("kubeconfig %q: %s", e.File, e.Reason)
}
