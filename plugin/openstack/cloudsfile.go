// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// cloudsFile is a parsed clouds.yaml. It is read node by node, not into
// structs, so that errors can name lines and need not quote values.
type cloudsFile struct {
	file   string
	clouds map[string]entry
	visits int // see visitsMax
}

// entry is a value of a YAML mapping with the line of its key.
type entry struct {
	line  int
	value *yaml.Node
}

// parseClouds reads the list of clouds, which is called section; what they
// contain is read by cloud.
func parseClouds(file, section string, data []byte) (*cloudsFile, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, syntaxError(file, data, err)
	}
	doc := &cloudsFile{file: file}
	if len(root.Content) == 0 {
		return doc, nil
	}
	top, err := doc.mapping(root.Content[0], "the file")
	if err != nil {
		return nil, err
	}
	clouds, ok := top[section]
	if !ok || isNull(clouds.value) {
		return doc, nil
	}
	doc.clouds, err = doc.mapping(clouds.value, section)
	return doc, err
}

// names are the clouds in the file, sorted.
func (f *cloudsFile) names() []string { return slices.Sorted(maps.Keys(f.clouds)) }

// has says whether there is a file with a cloud called name.
func (f *cloudsFile) has(name string) bool {
	if f == nil {
		return false
	}
	_, ok := f.clouds[name]
	return ok
}

// cloud is the definition of the cloud called name.
func (f *cloudsFile) cloud(name string) (definition, error) {
	found, ok := f.clouds[name]
	if !ok {
		return definition{}, &CloudNotFoundError{Cloud: name, File: f.file, Have: f.names()}
	}
	d := definition{name: name, file: f.file, line: found.line, values: map[string]setting{}}
	members, err := f.mapping(found.value, fmt.Sprintf("cloud %q", name))
	if err != nil {
		return definition{}, err
	}
	if regions, ok := members["regions"]; ok {
		if d.regions, err = f.regions(regions.value); err != nil {
			return definition{}, err
		}
		delete(members, "regions")
	}
	return d, f.allSettings(d.values, members)
}

// allSettings copies settings from members, and from auth within them, which
// counts more.
func (f *cloudsFile) allSettings(into map[string]setting, members map[string]entry) error {
	auth, hasAuth := members["auth"]
	delete(members, "auth")
	if err := f.settings(into, members); err != nil {
		return err
	}
	if !hasAuth || isNull(auth.value) {
		return nil
	}
	members, err := f.mapping(auth.value, "auth")
	if err != nil {
		return err
	}
	return f.settings(into, members)
}

// settings copies texts from members; of a setting under its name of today and a
// former one, today's counts. Lists and mappings that nothing here reads, such as
// networks, are passed over.
func (f *cloudsFile) settings(into map[string]setting, members map[string]entry) error {
	names := slices.Sorted(maps.Keys(members))
	slices.SortStableFunc(names, func(a, b string) int {
		return isToday(a) - isToday(b)
	})
	for _, name := range names {
		key, e := settingName(name), members[name]
		switch node := target(e.value); {
		case isNull(node):
		case node.Kind == yaml.ScalarNode:
			into[key] = setting{text: node.Value, file: f.file, line: e.line}
		case key == "auth_methods" && node.Kind == yaml.SequenceNode:
			into[key] = setting{text: strings.Join(texts(node), ","), file: f.file, line: e.line}
		case used[key]:
			return f.fault(e.line, fmt.Sprintf("%q is not a text", key))
		}
	}
	return nil
}

// texts are the texts of a list.
func texts(list *yaml.Node) []string {
	var all []string
	for _, item := range list.Content {
		all = append(all, target(item).Value)
	}
	return all
}

func isToday(name string) int {
	if settingName(name) == name {
		return 1
	}
	return 0
}

// settingName is the name of a setting in today's words.
func settingName(key string) string {
	key = strings.ReplaceAll(key, "-", "_")
	if today, ok := formerly[key]; ok {
		return today
	}
	return key
}

var formerly = map[string]string{
	"tenant_id":     "project_id",
	"tenant_name":   "project_name",
	"user_name":     "username",
	"auth_token":    "token",
	"auth_plugin":   "auth_type",
	"endpoint_type": "interface",
}

// used are the settings that something here reads.
var used = func() map[string]bool {
	names := map[string]bool{"verify": true, "profile": true, "cloud": true}
	for _, v := range variables {
		names[v.key] = true
	}
	return names
}()

func (f *cloudsFile) regions(node *yaml.Node) ([]region, error) {
	node = target(node)
	if isNull(node) {
		return nil, nil
	}
	if node.Kind != yaml.SequenceNode {
		return nil, f.fault(node.Line, `"regions" is not a list`)
	}
	var regions []region
	for _, item := range node.Content {
		r := region{line: item.Line, values: map[string]setting{}}
		if item = target(item); item.Kind == yaml.ScalarNode {
			r.name = item.Value
		} else {
			members, err := f.mapping(item, "a region")
			if err != nil {
				return nil, err
			}
			if name, ok := members["name"]; ok {
				r.name = target(name.value).Value
			}
			if values, ok := members["values"]; ok && !isNull(values.value) {
				if members, err = f.mapping(values.value, "values"); err == nil {
					err = f.allSettings(r.values, members)
				}
			}
			if err != nil {
				return nil, err
			}
		}
		if r.name == "" {
			return nil, f.fault(r.line, "a region has no name")
		}
		regions = append(regions, r)
	}
	return regions, nil
}

func (f *cloudsFile) fault(line int, reason string) error {
	return &ConfigError{File: f.file, Line: line, Reason: reason}
}

var yamlLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^yaml: line (\d+): `)
})

// harmless are the parser's reasons that quote nothing of the file. An
// unquoted password that starts with * or & makes it quote the password.
var harmless = []string{
	"did not find expected key",
	"did not find expected '-' indicator",
	"mapping values are not allowed in this context",
	"could not find expected ':'",
	"found character that cannot start any token",
	"found a tab character that violates indentation",
	"found unexpected end of stream",
}

func syntaxError(file string, data []byte, err error) error {
	fault := &ConfigError{File: file, Line: unsaidLine(data, err), Reason: "not valid YAML"}
	if m := yamlLine().FindStringSubmatch(err.Error()); m != nil {
		fault.Line, _ = strconv.Atoi(m[1])
	}
	for _, reason := range harmless {
		if strings.Contains(err.Error(), reason) {
			fault.Reason += ": " + reason
			break
		}
	}
	return fault
}

// unsaidLine is the line of what the parser refuses without saying where: an
// alias that stands for nothing, and bytes that are no text. It is 0 if that is
// not found.
func unsaidLine(data []byte, err error) int {
	at := bytes.IndexFunc(data, func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\u0085", r)
	})
	if _, name, ok := strings.Cut(err.Error(), "unknown anchor '"); ok {
		at = bytes.Index(data, []byte("*"+strings.TrimSuffix(name, "' referenced")))
	}
	if at < 0 {
		return 0
	}
	return 1 + bytes.Count(data[:at], []byte("\n"))
}
