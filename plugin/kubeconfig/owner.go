// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// extensionName marks contexts and clusters as ours; the extension says for
// which of Magnum's clusters. kubectl keeps extensions it does not know.
const extensionName = "kubectl-magnum"

// owner is the UUID of the cluster that an item of a section was written for,
// and whether it is ours at all.
func owner(kind string, item *yaml.Node) (uuid string, ours bool) {
	body := lookup(item, kind)
	if kind == KindUser {
		return credentialCluster(commandLine(item))
	}
	uuid = text(lookup(extension(body), "extension"), "cluster")
	return uuid, uuid != ""
}

// commandLine is what a user item has kubectl run.
func commandLine(item *yaml.Node) (command string, args []string) {
	exec := lookup(lookup(item, KindUser), "exec")
	return text(exec, "command"), strs(lookup(exec, "args"))
}

// extension is our item in the extensions of a context or a cluster, or nil.
func extension(body *yaml.Node) *yaml.Node {
	return find(lookup(body, "extensions"), extensionName)
}

// find is the item of a sequence that has the name, or nil.
func find(seq *yaml.Node, name string) *yaml.Node {
	if seq == nil || seq.Kind != yaml.SequenceNode {
		return nil
	}
	for _, item := range seq.Content {
		if text(item, "name") == name {
			return item
		}
	}
	return nil
}

// credentialCluster is the UUID in the command line of our credential command,
// and whether it is one. The command may be bare or a path of any system.
func credentialCluster(command string, args []string) (uuid string, ours bool) {
	base := path.Base(strings.ReplaceAll(command, `\`, "/"))
	if base != "kubectl-magnum" && base != "kubectl-magnum.exe" || len(args) == 0 || args[0] != "credential" {
		return "", false
	}
	return flagValue(args, "--cluster=")
}

// flagValue is what the first of args that begins with flag says, and whether
// there is one.
func flagValue(args []string, flag string) (value string, ok bool) {
	i := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, flag) })
	if i < 0 {
		return "", false
	}
	return strings.TrimPrefix(args[i], flag), true
}

func strs(seq *yaml.Node) []string {
	if seq == nil || seq.Kind != yaml.SequenceNode {
		return nil
	}
	var values []string
	for _, item := range seq.Content {
		values = append(values, item.Value)
	}
	return values
}
