// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"maps"
	"slices"
	"strings"
)

// Question is about a setting that a login as somebody lacks.
type Question struct {
	Setting string // as clouds.yaml has it: username, password, ...
	Secret  bool   // the answer must not be seen
	Default string // what no answer means, "" if nothing
	AuthURL string // where the answer is sent
	User    string // whose it is, "" if that is asked for
}

// fromAnswer says in messages where a setting comes from.
const fromAnswer = "your answers"

// answered is d with what a login by password or passcode lacks, as o.Ask
// answers it. Another way to log in lacks nothing that a person could type.
func (d definition) answered(o Options, authURL string) (definition, error) {
	if o.Ask == nil || o.Confined || d.command != nil {
		return d, nil
	}
	d.values = maps.Clone(d.values)
	for {
		q, lacks := d.lacks()
		if !lacks {
			return d, nil
		}
		q.AuthURL, q.User = authURL, d.first("username", "user_id")
		answer, err := o.Ask(q)
		if err != nil {
			return d, err
		}
		if answer == "" {
			answer = q.Default
		}
		if answer == "" {
			return d, d.missing(q.Setting)
		}
		d.values[q.Setting] = setting{text: answer, from: fromAnswer}
	}
}

// defaultDomain is the name of the domain that each Keystone comes with.
const defaultDomain = "Default"

// lacks is the first thing that d lacks.
func (d definition) lacks() (q Question, lacks bool) {
	none := func(keys ...string) bool { return d.first(keys...) == "" }
	authType := d.text("auth_type")
	byUser := slices.Contains([]string{methodPassword, methodTOTP, methodMultifactor}, authTypes[authType]) || authType == ""
	if byUser && none("username", "user_id", "token", "application_credential_id", "application_credential_name") {
		return Question{Setting: "username"}, true
	}
	method, err := d.chosenMethod()
	if err != nil || method == methodToken || method == methodApplicationCredential {
		return Question{}, false
	}
	noDomain := func(of string) bool { _, _, err := d.domain(of); return err != nil }
	switch {
	case none("user_id") && noDomain("user"):
		return Question{Setting: "user_domain_name", Default: defaultDomain}, true
	case strings.Contains(method, methodPassword) && none("password"):
		return Question{Setting: "password", Secret: true}, true
	case strings.Contains(method, methodTOTP) && none("passcode"):
		return Question{Setting: "passcode", Secret: true}, true
	case none("project_id", "project_name", "trust_id"):
		return Question{Setting: "project_name"}, true
	case none("project_id", "trust_id") && noDomain("project"):
		return Question{Setting: "project_domain_name", Default: d.text("user_domain_name")}, true
	}
	return Question{}, false
}
