// SPDX-License-Identifier: Apache-2.0

// Package kubeconfig merges entries for Magnum clusters into a kubeconfig and
// keeps everything else in the file as the user left it, byte for byte:
// other entries, their order, comments, quoting, indentation, line endings.
//
// It edits text, not a decoded configuration, and reads its own result back
// before anything is written. What it cannot edit without touching more than
// its own entries it refuses with an [*InvalidError]; a name that belongs to
// somebody else it refuses with a [*TakenError]. It never asks a question,
// never talks to a network, and puts no secret into a kubeconfig.
//
// The files are chosen as "kubectl config set" chooses them, locked so that
// kubectl and this package exclude each other, and replaced by rename: after a
// crash there is the old file or the new one (docs/adr/0005-kubeconfig-write.md).
//
// There is no API stability promise.
package kubeconfig

import "fmt"

// Entry is one cluster as kubectl shall see it: a context, its cluster and its user.
type Entry struct {
	Context     string // name of the context
	ClusterUUID string // Magnum's UUID, by which an entry is known as ours
	ClusterName string // Magnum's name, for people; not written
	Server      string // URL of the API server
	CAFile      string // absolute path of the CA file, or
	CAData      []byte // PEM to embed; both empty for a cluster without TLS
	Exec        *Exec  // nil for a cluster without TLS: the user entry is then empty
}

// Exec is the command that hands out the credential. The entry always says
// apiVersion client.authentication.k8s.io/v1, interactiveMode Never and
// provideClusterInfo true.
type Exec struct {
	Command     string
	Args        []string // args[0] is "credential" and one of them is --cluster=UUID
	InstallHint string   // shown by kubectl if Command is not found; "" writes none
}

// headLength is how much of a UUID goes into the names of cluster and user.
const headLength = 8

// EntryName is the name of the cluster entry and of the user entry that belong
// to a context: the context's name, "-" and the head of the cluster's UUID, so
// that clusters of one name in two clouds do not meet.
func EntryName(context, clusterUUID string) string {
	return context + "-" + clusterUUID[:min(headLength, len(clusterUUID))]
}

func (e Entry) name() string { return EntryName(e.Context, e.ClusterUUID) }

// check refuses what would make a kubeconfig that no kubectl can use, or an
// entry that the next run would not know as its own.
func (e Entry) check() error {
	for _, field := range []struct{ name, value string }{
		{"context", e.Context}, {"cluster UUID", e.ClusterUUID}, {"server", e.Server},
	} {
		if field.value == "" {
			return fmt.Errorf("kubeconfig entry %q has no %s", e.Context, field.name)
		}
	}
	if e.CAFile != "" && len(e.CAData) > 0 {
		return fmt.Errorf("kubeconfig entry %q has both a CA file and CA data", e.Context)
	}
	if e.Exec != nil && !e.Exec.names(e.ClusterUUID) {
		return fmt.Errorf("kubeconfig entry %q: the command's arguments do not name cluster %q", e.Context, e.ClusterUUID)
	}
	return nil
}

func (x Exec) names(uuid string) bool {
	have, ok := credentialCluster(x.Command, x.Args)
	return ok && have == uuid
}

// checkEntries checks each entry and refuses one context for two clusters.
func checkEntries(entries []Entry) error {
	seen := map[string]string{}
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
		if have, ok := seen[e.Context]; ok && have != e.ClusterUUID {
			return &TakenError{Kind: KindContext, Name: e.Context, Have: have}
		}
		seen[e.Context] = e.ClusterUUID
	}
	return nil
}

// Render is a whole new kubeconfig with the given entries, in the order and
// layout that kubectl writes. current may be "".
func Render(entries []Entry, current string) ([]byte, error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	d, err := parse("", nil)
	if err != nil {
		return nil, err
	}
	s := &source{doc: d, tree: d.tree()}
	m := merger{sources: []*source{s}, target: s}
	for _, e := range entries {
		if err := m.entry(e); err != nil {
			return nil, err
		}
	}
	if current != "" {
		m.current(current)
	}
	return s.text()
}
