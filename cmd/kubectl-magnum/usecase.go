// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-magnum/kubectl-magnum/plugin"
	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// addLoginFlags are addCloudFlags and what a login by hand can say beside.
func addLoginFlags(fs *pflag.FlagSet, o *openstack.Options) {
	addCloudFlags(fs, o)
	fs.StringVar(&o.CACert, "os-cacert", "", "`file` of CA certificates that Keystone and Magnum are checked against")
}

// useCase runs f, for a person, with its progress shown, and gives up on it a second after ctx
// ended. f and its caller may share variables only if this returns nil.
func (p *program) useCase(ctx context.Context, cloud openstack.Options, cache cacheOptions, f func(*plugin.Plugin, *progress) error) error {
	return p.useCaseUntil(ctx, grace, cloud, cache, f)
}

// useCaseUntil is useCase for what may go on for so long after ctx ended.
func (p *program) useCaseUntil(ctx context.Context, late time.Duration, cloud openstack.Options, cache cacheOptions, f func(*plugin.Plugin, *progress) error) error {
	cache.insist = true
	pl, err := p.plugin(cloud, cache)
	if err != nil {
		return err
	}
	progress := newProgress(p)
	defer progress.end()
	pl.Progress = progress.line
	if debug := pl.Debug; debug != nil && p.errTerminal {
		pl.Debug = func(line string) { progress.above(func() { debug(line) }) }
	}
	return boundedUntil(ctx, late, func() error { return f(pl, progress) })
}

// checkOutput refuses what is no --output: plain is the one that is neither json
// nor yaml, and "" where that is what no --output means.
func checkOutput(output, plain string) error {
	if _, ok, _ := encode(nil, output); ok || output == plain {
		return nil
	}
	if plain != "" {
		plain += ", "
	}
	return usagef("--output is %q; it is %sjson or yaml", output, plain)
}

// encode is v as -o json or -o yaml has it; ok says whether it is one of them.
func encode(v any, output string) (out []byte, ok bool, err error) {
	switch output {
	case "json":
		out, err = json.MarshalIndent(v, "", "  ")
		return append(out, '\n'), true, err
	case "yaml":
		out, err = encodeYAML(v)
		return out, true, err
	}
	return nil, false, nil
}

// encodeYAML is the JSON of v as YAML in kubectl's layout: keys by the alphabet,
// sequences not indented.
func encodeYAML(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil { // JSON is YAML, and here numbers stay what they are
		return nil, err
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	err = encoder.Encode(quoteTabs(tree))
	return out.Bytes(), err
}

// quoteTabs has texts with tabs quoted: of a block that begins with one the
// library prints what is no YAML.
func quoteTabs(tree any) any {
	switch t := tree.(type) {
	case string:
		if strings.Contains(t, "\t") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: t, Style: yaml.DoubleQuotedStyle}
		}
	case []any:
		for i := range t {
			t[i] = quoteTabs(t[i])
		}
	case map[string]any:
		for key := range t {
			t[key] = quoteTabs(t[key])
		}
	}
	return tree
}
