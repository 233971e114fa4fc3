// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"maps"
	"strings"
)

// definition is one cloud as a source defines it: clouds.yaml, or OS_*
// variables. Settings are named as in clouds.yaml; those of auth: and those
// beside it share one name space, as OpenStack's own clients take either.
type definition struct {
	name string
	file string // "" for OS_* variables
	// secureFile and publicFile say something of it too; "" if none does.
	secureFile, publicFile string
	line                   int // where the cloud starts
	values                 map[string]setting
	regions                []region
	command                *TokenCommand // that logs in to it; nil for none
	kept                   bool          // the login is a [Kept]
}

// setting is a value and where it comes from: a line of the definition's file,
// or a variable or flag.
type setting struct {
	text string
	file string // "" if it is not from a file
	line int
	from string // the variable's or flag's name, "" if it is from a file
}

// region is an item of regions.
type region struct {
	name   string
	line   int
	values map[string]setting // which override the cloud's
}

// text is the value of a setting, "" if it is absent.
func (d definition) text(key string) string { return d.values[key].text }

// first is the first of the settings that has a value.
func (d definition) first(keys ...string) string {
	for _, key := range keys {
		if text := d.text(key); text != "" {
			return text
		}
	}
	return ""
}

// isTrue reads a setting that is true or false; absent is what otherwise says.
func (d definition) isTrue(key string, otherwise bool) (bool, error) {
	switch strings.ToLower(d.text(key)) {
	case "":
		return otherwise, nil
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, d.fault(key, d.label(key)+" is neither true nor false")
}

// fault is an error about a setting, at its line, or at the cloud's if it is
// absent. The reason must not quote values of settings that can be secret.
func (d definition) fault(key, reason string) *ConfigError {
	set := d.values[key]
	switch {
	case set.from != "":
		return &ConfigError{Reason: reason}
	case set.file == "":
		return &ConfigError{File: d.file, Line: d.line, Reason: reason}
	}
	return &ConfigError{File: set.file, Line: set.line, Reason: reason}
}

// label is what the user calls a setting.
func (d definition) label(key string) string {
	if from := d.values[key].from; from != "" {
		return from
	}
	if d.file == "" {
		return "OS_" + strings.ToUpper(key)
	}
	return key
}

// over is d with what it does not say taken from base.
func (d definition) over(base definition) definition {
	values := maps.Clone(base.values)
	maps.Copy(values, d.values)
	if len(d.regions) == 0 && d.text("region_name") == "" {
		d.regions = base.regions
	}
	d.values = values
	return d
}

// withEnvironment adds what OS_* variables say to a cloud from clouds.yaml. A
// whole openrc file may be in force for another cloud: so only what selects or
// what the cloud leaves open, never who logs in, or where. With secrets false it
// adds no password either.
func (d definition) withEnvironment(env definition, secrets bool) definition {
	d.values = maps.Clone(d.values)
	for _, key := range []string{"interface", "cacert"} {
		if s, ok := env.values[key]; ok {
			d.values[key] = s
		}
	}
	for _, key := range []string{"password", "passcode", "application_credential_secret"} {
		if s, ok := env.values[key]; ok && d.text(key) == "" && secrets {
			d.values[key] = s
		}
	}
	return d
}
