// SPDX-License-Identifier: Apache-2.0

package logintest

// The user and the scope of most cases.
const (
	aliceByName = `"user": {"name": "alice", "domain": {"name": "A"}`
	demoByName  = `"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}`
	names       = "username: alice, user_domain_name: A, project_name: demo, project_domain_name: B"
)

// Methods are what Keystone takes by itself beside passwords, tokens and
// application credentials, and settings of less common names and places.
//
// https://docs.openstack.org/keystoneauth/latest/authentication-plugins.html
// https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
var Methods = []Case{{
	Name: "a trust, by a password",
	Clouds: `
    auth: {auth_url: KEYSTONE, username: alice, user_domain_name: A, password: pw, trust_id: t}`,
	Want: `{"identity": {"methods": ["password"], "password": {` + aliceByName + `, "password": "pw"}}},
		"scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	Name: "a trust, beside auth, by a token",
	Clouds: `
    auth_type: v3token
    trust_id: t
    auth: {auth_url: KEYSTONE, token: tok}`,
	Want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	Name: "TOTP by name",
	Clouds: `
    auth_type: v3totp
    auth: {auth_url: KEYSTONE, ` + names + `, passcode: 012345}`,
	Want: `{"identity": {"methods": ["totp"], "totp": {` + aliceByName + `, "passcode": "012345"}}}, ` + demoByName + `}`,
}, {
	Name: "TOTP by id, with the passcode of the environment",
	Clouds: `
    auth_type: v3totp
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p}`,
	Env:  map[string]string{"OS_PASSCODE": "123456"},
	Want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "123456"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "TOTP does not send a password",
	Clouds: `
    auth_type: v3totp
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p, passcode: "1", password: pw}`,
	Want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "a password does not send a passcode, if auth_type says password",
	Clouds: `
    auth_type: v3password
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p, passcode: "1", password: pw}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "a password and TOTP, as the documentation has it",
	Clouds: `
    auth_type: "v3multifactor"
    auth_methods:
      - v3password
      - v3totp
    auth: {auth_url: KEYSTONE, ` + names + `, password: pw, passcode: "1"}`,
	Want: `{"identity": {"methods": ["password", "totp"],
		"password": {` + aliceByName + `, "password": "pw"}}, "totp": {` + aliceByName + `, "passcode": "1"}}}, ` + demoByName + `}`,
}, {
	Name: "in auth, in a text, the other way round",
	Clouds: `
    auth_type: v3multifactor
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw, passcode: "1", auth_methods: "totp, password"}`,
	Want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "a passcode says that it is to be used, where auth_type says nothing",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p, passcode: "1"}`,
	Want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "beside a password too",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}`,
	Env: map[string]string{"OS_PASSCODE": "1"},
	Want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "TOTP, all in variables",
	Env: map[string]string{
		"OS_AUTH_URL":  "KEYSTONE",
		"OS_AUTH_TYPE": "v3totp", "OS_USERNAME": "alice", "OS_USER_DOMAIN_NAME": "A", "OS_PASSCODE": "1",
		"OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_NAME": "B",
	},
	Want: `{"identity": {"methods": ["totp"], "totp": {` + aliceByName + `, "passcode": "1"}}}, ` + demoByName + `}`,
}, {
	Name: "both, all in variables",
	Env: map[string]string{
		"OS_AUTH_URL":  "KEYSTONE",
		"OS_AUTH_TYPE": "v3multifactor", "OS_AUTH_METHODS": "v3password,v3totp", "OS_USER_ID": "u", "OS_PASSWORD": "pw", "OS_PASSCODE": "1",
		"OS_PROJECT_ID": "p",
	},
	Want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "a trust in variables",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE", "OS_USER_ID": "u", "OS_PASSWORD": "pw", "OS_TRUST_ID": "t"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
		"scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	Name: "domain_name alone, as old openrc files have it",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE", "OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DOMAIN_NAME": "A"},
	Want: `{"identity": {"methods": ["password"], "password": {` + aliceByName + `, "password": "pw"}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "A"}}}}`,
}, {
	Name: "OS_DOMAIN_ID for both domains",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE", "OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DOMAIN_ID": "d"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	Name: "OS_DEFAULT_DOMAIN",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE", "OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DEFAULT_DOMAIN": "d"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	Name: "OS_TENANT_ID and OS_AUTH_TOKEN, their former names",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE", "OS_AUTH_TYPE": "v3token", "OS_AUTH_TOKEN": "tok", "OS_TENANT_ID": "p"},
	Want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "an application credential by name, in variables",
	Env: map[string]string{
		"OS_AUTH_URL":  "KEYSTONE",
		"OS_AUTH_TYPE": "v3applicationcredential", "OS_APPLICATION_CREDENTIAL_NAME": "ac", "OS_APPLICATION_CREDENTIAL_SECRET": "s",
		"OS_USER_ID": "u",
	},
	Want: `{"identity": {"methods": ["application_credential"], "application_credential": {"name": "ac", "secret": "s", "user": {"id": "u"}}}}`,
}, {
	Name: "an application credential whose secret the environment has",
	Clouds: `
    auth_type: v3applicationcredential
    auth: {auth_url: KEYSTONE, application_credential_id: ac}`,
	Env:  map[string]string{"OS_APPLICATION_CREDENTIAL_SECRET": "s"},
	Want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
}, {
	Name: "a scope by the domain",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, password: pw, domain_id: d}`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"domain": {"id": "d"}}}`,
}, {
	Name: "a region that overrides the project and the user's password",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, password: pw, project_id: p}
    regions:
    - One
    - {name: Two, values: {auth: {project_id: p2, password: pw2}}}`,
	Env:  map[string]string{"OS_REGION_NAME": "Two"},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw2"}}}, "scope": {"project": {"id": "p2"}}}`,
}, {
	Name: "the first region, where none is asked for",
	Clouds: `
    auth: {auth_url: KEYSTONE, user_id: u, password: pw, project_id: p}
    regions:
    - {name: One, values: {auth: {project_id: p1}}}
    - Two`,
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"project": {"id": "p1"}}}`,
}}
