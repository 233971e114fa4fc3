// SPDX-License-Identifier: Apache-2.0

package logintest

// Clouds are passwords, tokens and application credentials in a clouds.yaml.
var Clouds = []Case{{
	Name: "a password, names and one domain",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: alice, password: pw, project_name: demo, domain_name: D}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "D"}}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "D"}}}}`,
}, {
	Name: "user and project in different domains, one by id, one by name",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: alice, password: pw, project_name: demo, user_domain_name: A, project_domain_id: b}`,
	Env: map[string]string{"OS_PASSWORD": "of another cloud"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "A"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "b"}}}}`,
}, {
	Name: "ids beside names, as Horizon's openrc has them",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, username: alice, password: pw, project_id: p, project_name: demo, user_domain_name: A, project_domain_id: b}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
		"scope": {"project": {"id": "p"}}}`,
}, {
	Name: "a domain's id goes before its name, and its own before the common one",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: alice, password: pw, project_name: demo, user_domain_name: A, user_domain_id: a, domain_id: d}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "a"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	Name: "no domain, with identity_api_version 3 and default_domain",
	Clouds: `
    identity_api_version: 3
    default_domain: dd
    auth: {auth_url: KEYSTONE, username: alice, password: pw, project_name: demo, project_domain_name: B}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "dd"}}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}}`,
}, {
	Name: "no domain, with identity_api_version 3",
	Clouds: `
    identity_api_version: "3"
    auth: {auth_url: KEYSTONE, username: alice, password: pw, project_name: demo}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "default"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "default"}}}}`,
}, {
	Name: "no project",
	Clouds: `
    auth_type: v3password
    auth: {auth_url: KEYSTONE, username: alice, password: pw, user_domain_id: d}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}}}`,
}, {
	Name: "numbers and odd words are texts as written",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: 007, password: 0123, project_id: yes, user_domain_id: 1e3}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "007", "password": "0123", "domain": {"id": "1e3"}}}},
		"scope": {"project": {"id": "yes"}}}`,
}, {
	Name: "former names, hyphens, settings beside auth; auth and today's names win",
	Clouds: `
    tenant-name: old
    username: not-me
    auth: {auth_url: KEYSTONE, user-name: alice, password: pw, project_name: demo, tenant_name: older, domain_id: d}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	Name: "a token and the project to scope it to; the user is Keystone's to know",
	Clouds: `
    auth_type: v3token
    auth: {auth_url: KEYSTONE, token: tok, username: alice, project_name: demo, project_domain_name: B, user_domain_name: A}`,
	Want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}},
		"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}}`,
}, {
	Name: "an application credential by id; it has a scope of its own",
	Clouds: `
    auth_type: v3applicationcredential
    auth: {auth_url: KEYSTONE, application_credential_id: ac, application_credential_secret: s, project_name: demo}`,
	Want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
}, {
	Name: "an application credential by name and user, without auth_type",
	Clouds: `
    auth: {auth_url: KEYSTONE, application_credential_name: ac, application_credential_secret: s, username: alice, user_domain_name: A}`,
	Want: `{"identity": {"methods": ["application_credential"], "application_credential":
		{"name": "ac", "secret": "s", "user": {"name": "alice", "domain": {"name": "A"}}}}}`,
}, {
	Name: "a password that only the environment has; who and where it does not say",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: alice, project_id: p, user_domain_id: d}`,
	Env: map[string]string{"OS_PASSWORD": "from-env", "OS_USERNAME": "eve", "OS_PROJECT_ID": "other", "OS_AUTH_URL": "http://other.invalid"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "from-env", "domain": {"id": "d"}}}},
		"scope": {"project": {"id": "p"}}}`,
}}
