// SPDX-License-Identifier: Apache-2.0

// Package logintest has configurations of clouds and what Keystone is to be sent
// for each: to test package openstack, and to see that OpenStack's own client
// sends the same. It makes no requests. No API stability promise.
package logintest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Case is a clouds.yaml, with files beside it or not, or OS_* variables, and what
// Keystone is asked. KEYSTONE stands for Keystone's in all but Want.
type Case struct {
	Name   string
	Clouds string            // the cloud prod, indented as in clouds.yaml; "" for none
	Files  map[string]string // or all files, by name
	Env    map[string]string
	Want   string // the value of "auth"
}

// All are the cases of all tables.
func All() []Case {
	all := slices.Concat(Clouds, Environment, Methods)
	for _, c := range Files {
		all = append(all, c.Case)
	}
	return all
}

// Cloud is the name of the cloud, "" if it is that of the variables.
func (c Case) Cloud() string {
	if c.Clouds == "" && c.Files == nil {
		return ""
	}
	return "prod"
}

// Write writes the files for a Keystone at url below home's .config/openstack.
func (c Case) Write(home, url string) error {
	dir := filepath.Join(home, ".config", "openstack")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	files := c.Files
	if c.Clouds != "" {
		files = map[string]string{"clouds.yaml": "clouds:\n  prod:" + c.Clouds}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "KEYSTONE", url)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Variables are the environment for a Keystone at url.
func (c Case) Variables(url string) map[string]string {
	env := map[string]string{}
	for name, value := range c.Env {
		env[name] = strings.ReplaceAll(value, "KEYSTONE", url)
	}
	return env
}
