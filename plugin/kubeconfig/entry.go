// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"encoding/base64"

	"go.yaml.in/yaml/v3"
)

// apply writes an entry's values of one kind into the body of an item, keeps
// the keys there that it does not know, and puts new ones into the
// alphabetical order of kubectl.
func (e Entry) apply(kind string, body *yaml.Node) {
	switch kind {
	case KindContext:
		set(body, "cluster", newString(e.name()))
		e.mark(body)
		set(body, "user", newString(e.name()))
	case KindCluster:
		e.applyCA(body)
		e.mark(body)
		set(body, "server", newString(e.Server))
	case KindUser:
		e.applyExec(body)
	}
}

// mark adds the extension by which the next run knows the entry as ours.
func (e Entry) mark(body *yaml.Node) {
	if extension(body) != nil {
		return
	}
	of := newMapping()
	set(of, "cluster", newString(e.ClusterUUID))
	item := newMapping()
	set(item, "extension", of)
	set(item, "name", newString(extensionName))
	list := child(body, "extensions", newSequence())
	list.Content = append(list.Content, item)
}

func (e Entry) applyCA(body *yaml.Node) {
	const file, data = "certificate-authority", "certificate-authority-data"
	if e.CAFile == "" {
		unset(body, file)
	} else {
		set(body, file, newString(e.CAFile))
	}
	if len(e.CAData) == 0 {
		unset(body, data)
	} else {
		set(body, data, newString(base64.StdEncoding.EncodeToString(e.CAData)))
	}
}

func (e Entry) applyExec(body *yaml.Node) {
	if e.Exec == nil {
		unset(body, "exec")
		return
	}
	exec := child(body, "exec", newMapping())
	set(exec, "apiVersion", newString("client.authentication.k8s.io/v1"))
	set(exec, "args", newStrings(e.Exec.Args))
	set(exec, "command", newString(e.Exec.Command))
	if e.Exec.InstallHint != "" {
		set(exec, "installHint", newString(e.Exec.InstallHint))
	}
	set(exec, "interactiveMode", newString("Never"))
	set(exec, "provideClusterInfo", newTrue())
}

// newItem is an item of a section, without a body yet. kubectl puts the body
// of clusters, contexts and users before or after the name by the alphabet.
func newItem(kind, name string, body *yaml.Node) *yaml.Node {
	item := newMapping()
	set(item, kind, body)
	set(item, "name", newString(name))
	sortKeys(item)
	return item
}
