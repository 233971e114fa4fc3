// SPDX-License-Identifier: Apache-2.0

package kubeconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd/api"
	apiv1 "k8s.io/client-go/tools/clientcmd/api/v1"
	sigsjson "sigs.k8s.io/json"
	sigsyaml "sigs.k8s.io/yaml"
)

// edited is the file's text with the tree's changes, read back and compared.
// Of two places for new lines the first whose result stands the comparison is
// taken.
func (s *source) edited() ([]byte, error) {
	var err error
	for _, tight := range []bool{true, false} {
		var out []byte
		if out, err = s.doc.splice(s.tree, tight); err != nil {
			return nil, err
		}
		if err = s.verify(out); err == nil {
			return out, nil
		}
	}
	return nil, err
}

// verify refuses a text that says anything else than the tree, or that kubectl
// reads differently in an entry that is not ours. Bytes outside our edits are
// copied, so if every value is right, every comment is there too.
func (s *source) verify(out []byte) error {
	const reason = "can't be edited without changing more than the entries of kubectl-magnum"
	again, err := parse(s.path, out)
	if err != nil || again.root == nil || !same(again.root, s.tree) {
		return s.doc.invalid(0, reason)
	}
	before, err := load(s.path, s.doc.text)
	if err != nil {
		return err
	}
	after, err := load(s.path, out)
	if err != nil {
		return s.doc.invalid(0, reason)
	}
	if !reflect.DeepEqual(s.foreign(before), s.foreign(after)) {
		return s.doc.invalid(0, reason)
	}
	return nil
}

// foreign is what a loaded kubeconfig says beside our own entries and the
// current context.
func (s *source) foreign(c *api.Config) *api.Config {
	rest := *c
	rest.Clusters = without(c.Clusters, s.ours[KindCluster])
	rest.Contexts = without(c.Contexts, s.ours[KindContext])
	rest.AuthInfos = without(c.AuthInfos, s.ours[KindUser])
	rest.CurrentContext = ""
	return &rest
}

func without[T any](all map[string]T, names map[string]bool) map[string]T {
	rest := maps.Clone(all)
	maps.DeleteFunc(rest, func(name string, _ T) bool { return names[name] })
	return rest
}

// load reads text as kubectl does: as YAML 1.1, with field names as they are
// written, and then as clientcmd converts it. The codec that does the same for any
// kind of object brings 0.2 MB with it. Its error names no value: kubectl's own
// quotes whole users, tokens included.
func load(file string, text []byte) (*api.Config, error) {
	c := api.NewConfig()
	if len(text) == 0 {
		return c, nil
	}
	var read apiv1.Config
	data, err := sigsyaml.YAMLToJSON(text)
	if err == nil {
		err = checkKind(data)
	}
	if err == nil {
		err = sigsjson.UnmarshalCaseSensitivePreserveInts(data, &read)
	}
	if err == nil {
		err = apiv1.Convert_v1_Config_To_api_Config(&read, c, nil) // of the scope it needs nothing
	}
	if err != nil {
		return nil, &InvalidError{File: file, Reason: "kubectl can't read it"}
	}
	return c, nil
}

var errOtherKind = errors.New("not a kubeconfig")

// checkKind refuses other objects than kubeconfigs, as kubectl's codec does: it
// minds no case in the names of these two fields, and takes none for what it
// expects.
func checkKind(data []byte) error {
	var is struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := json.Unmarshal(data, &is); err != nil {
		return err
	}
	version, err := schema.ParseGroupVersion(is.APIVersion)
	if err != nil || !version.Empty() && version != apiv1.SchemeGroupVersion || is.Kind != "" && is.Kind != "Config" {
		return errOtherKind
	}
	return nil
}

// checkSections refuses sections and items of another form than kubeconfig's,
// and names that are there twice, before kubectl's parser meets them: it does
// not say where.
func (d *document) checkSections() error {
	for _, kind := range []string{KindCluster, KindContext, KindUser} {
		list := lookup(d.root, section(kind))
		if list == nil || list.Tag == tagNull {
			continue
		}
		if list.Kind != yaml.SequenceNode {
			return d.invalid(list.Line, fmt.Sprintf("%s is not a list", section(kind)))
		}
		seen := map[string]bool{}
		for _, item := range list.Content {
			name := text(item, "name")
			if item.Kind != yaml.MappingNode {
				return d.invalid(item.Line, fmt.Sprintf("a %s that is not a mapping", kind))
			}
			if seen[name] {
				return d.invalid(item.Line, fmt.Sprintf("a second %s of one name", kind))
			}
			seen[name] = true
		}
	}
	return nil
}
