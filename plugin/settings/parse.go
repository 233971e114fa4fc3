// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// InvalidError says what is wrong with the file. The reason quotes none of its
// values.
type InvalidError struct {
	File   string
	Line   int // from 1; 0 if no line is to blame
	Reason string
}

func (e *InvalidError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%q: %s", e.File, e.Reason)
	}
	return fmt.Sprintf("%q, line %d: %s", e.File, e.Line, e.Reason)
}

// document is a file that was read node by node, so that it can be written again
// with its comments, and with what it says.
type document struct {
	root     *yaml.Node // of kind document
	clouds   *yaml.Node // a mapping within it; nil if there is none
	commands map[string]TokenCommand
}

func (f File) parse(data []byte) (*document, error) {
	d := &document{root: &yaml.Node{}, commands: map[string]TokenCommand{}}
	if !utf8.Valid(data) {
		return nil, f.fault(0, "not a text in UTF-8")
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(d.root); {
	case errors.Is(err, io.EOF):
		d.root = &yaml.Node{Kind: yaml.DocumentNode, HeadComment: string(data)}
		return d, nil
	case err != nil:
		return nil, f.syntaxError(err)
	}
	if err := decoder.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, f.fault(0, "it has more than one YAML document")
	}
	err := f.each(d.root.Content[0], "the file", func(key, value *yaml.Node) error {
		if key.Value != "clouds" {
			return f.fault(key.Line, fmt.Sprintf("there is no setting %q; it is clouds", key.Value))
		}
		d.clouds = value
		return f.each(value, `"clouds"`, func(key, value *yaml.Node) (err error) {
			d.commands[key.Value], err = f.command(key, value)
			return err
		})
	})
	return d, err
}

// command reads what is kept of one cloud.
func (f File) command(key, value *yaml.Node) (c TokenCommand, err error) {
	texts := map[string]*string{
		"keystone": &c.Keystone, "clouds_file": &c.CloudsFile, "secure_file": &c.SecureFile,
		"ca_file": &c.CAFile, "endpoint": &c.Endpoint, "ssl_cert_file": &c.SSLCertFile, "ssl_cert_dir": &c.SSLCertDir,
	}
	err = f.each(value, fmt.Sprintf("cloud %q", key.Value), func(key, value *yaml.Node) (err error) {
		switch into, ok := texts[key.Value]; {
		case ok:
			*into, err = f.text(value, fmt.Sprintf("%q", key.Value))
		case key.Value == "token_command":
			c.Args, err = f.list(value)
		case key.Value == "environment":
			c.Env = map[string]string{}
			err = f.each(value, `"environment"`, func(key, value *yaml.Node) (err error) {
				c.Env[key.Value], err = f.text(value, fmt.Sprintf("%q", key.Value))
				return err
			})
		default:
			err = f.fault(key.Line, fmt.Sprintf("there is no setting %q of a cloud", key.Value))
		}
		return err
	})
	if err != nil {
		return c, err
	}
	if reason := c.check(); reason != "" {
		return c, f.fault(key.Line, fmt.Sprintf("cloud %q: %s", key.Value, reason))
	}
	return c, nil
}

// each calls do with each key and value of a mapping. Aliases and merge keys, which
// nothing here needs, are refused.
func (f File) each(node *yaml.Node, what string, do func(key, value *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return f.fault(node.Line, what+" is not a mapping")
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode || key.Tag != "!!str":
			return f.fault(key.Line, what+" has a key that is not a text")
		case seen[key.Value]:
			return f.fault(key.Line, fmt.Sprintf("%s has %q twice", what, key.Value))
		}
		seen[key.Value] = true
		if err := do(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (f File) text(node *yaml.Node, what string) (string, error) {
	if node.Kind != yaml.ScalarNode || node.Tag != "!!str" {
		return "", f.fault(node.Line, what+" is not a text")
	}
	return node.Value, nil
}

func (f File) list(node *yaml.Node) ([]string, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, f.fault(node.Line, `"token_command" is not a list of the program and its arguments`)
	}
	var texts []string
	for _, item := range node.Content {
		text, err := f.text(item, `an item of "token_command"`)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func (f File) fault(line int, reason string) error {
	return &InvalidError{File: f.Path, Line: line, Reason: reason}
}

// syntaxError has the parser's line and not its words, which may quote the file.
func (f File) syntaxError(err error) error {
	line := 0
	_, _ = fmt.Sscanf(err.Error(), "yaml: line %d:", &line) // it stays 0
	return f.fault(line, "not valid YAML")
}

// set puts the value of a cloud in place of its former one, or at the end.
func (d *document) set(cloud string, value *yaml.Node) {
	if d.clouds == nil {
		if len(d.root.Content) == 0 {
			d.root.Content = []*yaml.Node{{Kind: yaml.MappingNode}}
		}
		d.clouds = &yaml.Node{Kind: yaml.MappingNode}
		top := d.root.Content[0]
		top.Content = append(top.Content, text("clouds"), d.clouds)
	}
	d.clouds.Style = 0 // {} would put all of it in one line
	if i := d.index(cloud); i >= 0 {
		d.clouds.Content[i+1] = value
		return
	}
	d.clouds.Content = append(d.clouds.Content, text(cloud), value)
}

func text(value string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(value)
	return node
}

func (d *document) remove(cloud string) bool {
	i := d.index(cloud)
	if i < 0 {
		return false
	}
	d.clouds.Content = append(d.clouds.Content[:i:i], d.clouds.Content[i+2:]...)
	return true
}

// index is where the key of a cloud is, -1 if it has none.
func (d *document) index(cloud string) int {
	if d.clouds == nil {
		return -1
	}
	for i := 0; i < len(d.clouds.Content); i += 2 {
		if d.clouds.Content[i].Value == cloud {
			return i
		}
	}
	return -1
}

// print is the file's text. What could not be read again is not written.
func (f File) print(d *document) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(d.root), encoder.Close()); err != nil {
		return nil, err
	}
	_, err := f.parse(out.Bytes())
	return out.Bytes(), err
}
