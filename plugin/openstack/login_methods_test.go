// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"strings"
	"testing"
)

// loginCase is a clouds.yaml or OS_* variables, and what Keystone is asked.
type loginCase struct {
	name   string
	clouds string // the cloud prod, indented as in the file
	env    map[string]string
	want   string // the value of "auth"
}

// The user and the scope of most cases.
const (
	aliceByName = `"user": {"name": "alice", "domain": {"name": "A"}`
	demoByName  = `"scope": {"project": {"name": "demo", "domain": {"name": "B"}}}`
	names       = "username: alice, user_domain_name: A, project_name: demo, project_domain_name: B"
)

// Beside passwords, tokens and application credentials: what else Keystone takes
// by itself.
//
// https://docs.openstack.org/keystoneauth/latest/authentication-plugins.html
// https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
var loginMethods = []loginCase{{
	name: "a trust, by a password",
	clouds: `
    auth: {auth_url: URL, username: alice, user_domain_name: A, password: pw, trust_id: t}`,
	want: `{"identity": {"methods": ["password"], "password": {` + aliceByName + `, "password": "pw"}}},
		"scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	name: "a trust, beside auth, by a token",
	clouds: `
    auth_type: v3token
    trust_id: t
    auth: {auth_url: URL, token: tok}`,
	want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	name: "TOTP by name",
	clouds: `
    auth_type: v3totp
    auth: {auth_url: URL, ` + names + `, passcode: 012345}`,
	want: `{"identity": {"methods": ["totp"], "totp": {` + aliceByName + `, "passcode": "012345"}}}, ` + demoByName + `}`,
}, {
	name: "TOTP by id, with the passcode of the environment",
	clouds: `
    auth_type: v3totp
    auth: {auth_url: URL, user_id: u, project_id: p}`,
	env:  map[string]string{"OS_PASSCODE": "123456"},
	want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "123456"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "TOTP does not send a password",
	clouds: `
    auth_type: v3totp
    auth: {auth_url: URL, user_id: u, project_id: p, passcode: "1", password: pw}`,
	want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "a password does not send a passcode, if auth_type says password",
	clouds: `
    auth_type: v3password
    auth: {auth_url: URL, user_id: u, project_id: p, passcode: "1", password: pw}`,
	want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "a password and TOTP, as the documentation has it",
	clouds: `
    auth_type: "v3multifactor"
    auth_methods:
      - v3password
      - v3totp
    auth: {auth_url: URL, ` + names + `, password: pw, passcode: "1"}`,
	want: `{"identity": {"methods": ["password", "totp"],
		"password": {` + aliceByName + `, "password": "pw"}}, "totp": {` + aliceByName + `, "passcode": "1"}}}, ` + demoByName + `}`,
}, {
	name: "in auth, in a text, the other way round",
	clouds: `
    auth_type: v3multifactor
    auth: {auth_url: URL, user_id: u, project_id: p, password: pw, passcode: "1", auth_methods: "totp, password"}`,
	want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "a passcode says that it is to be used, where auth_type says nothing",
	clouds: `
    auth: {auth_url: URL, user_id: u, project_id: p, passcode: "1"}`,
	want: `{"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "beside a password too",
	clouds: `
    auth: {auth_url: URL, user_id: u, project_id: p, password: pw}`,
	env: map[string]string{"OS_PASSCODE": "1"},
	want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "TOTP, all in variables",
	env: map[string]string{
		"OS_AUTH_TYPE": "v3totp", "OS_USERNAME": "alice", "OS_USER_DOMAIN_NAME": "A", "OS_PASSCODE": "1",
		"OS_PROJECT_NAME": "demo", "OS_PROJECT_DOMAIN_NAME": "B",
	},
	want: `{"identity": {"methods": ["totp"], "totp": {` + aliceByName + `, "passcode": "1"}}}, ` + demoByName + `}`,
}, {
	name: "both, all in variables",
	env: map[string]string{
		"OS_AUTH_TYPE": "v3multifactor", "OS_AUTH_METHODS": "v3password,v3totp", "OS_USER_ID": "u", "OS_PASSWORD": "pw", "OS_PASSCODE": "1",
		"OS_PROJECT_ID": "p",
	},
	want: `{"identity": {"methods": ["password", "totp"], "password": {"user": {"id": "u", "password": "pw"}},
		"totp": {"user": {"id": "u", "passcode": "1"}}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "a trust in variables",
	env:  map[string]string{"OS_USER_ID": "u", "OS_PASSWORD": "pw", "OS_TRUST_ID": "t"},
	want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
		"scope": {"OS-TRUST:trust": {"id": "t"}}}`,
}, {
	name: "domain_name alone, as old openrc files have it",
	env:  map[string]string{"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DOMAIN_NAME": "A"},
	want: `{"identity": {"methods": ["password"], "password": {` + aliceByName + `, "password": "pw"}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "A"}}}}`,
}, {
	name: "OS_DOMAIN_ID for both domains",
	env:  map[string]string{"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DOMAIN_ID": "d"},
	want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	name: "OS_DEFAULT_DOMAIN",
	env:  map[string]string{"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo", "OS_DEFAULT_DOMAIN": "d"},
	want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"id": "d"}}}},
		"scope": {"project": {"name": "demo", "domain": {"id": "d"}}}}`,
}, {
	name: "OS_TENANT_ID and OS_AUTH_TOKEN, their former names",
	env:  map[string]string{"OS_AUTH_TYPE": "v3token", "OS_AUTH_TOKEN": "tok", "OS_TENANT_ID": "p"},
	want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"project": {"id": "p"}}}`,
}, {
	name: "an application credential by name, in variables",
	env: map[string]string{
		"OS_AUTH_TYPE": "v3applicationcredential", "OS_APPLICATION_CREDENTIAL_NAME": "ac", "OS_APPLICATION_CREDENTIAL_SECRET": "s",
		"OS_USER_ID": "u",
	},
	want: `{"identity": {"methods": ["application_credential"], "application_credential": {"name": "ac", "secret": "s", "user": {"id": "u"}}}}`,
}, {
	name: "an application credential whose secret the environment has",
	clouds: `
    auth_type: v3applicationcredential
    auth: {auth_url: URL, application_credential_id: ac}`,
	env:  map[string]string{"OS_APPLICATION_CREDENTIAL_SECRET": "s"},
	want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
}, {
	name: "a scope by the domain",
	clouds: `
    auth: {auth_url: URL, user_id: u, password: pw, domain_id: d}`,
	want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"domain": {"id": "d"}}}`,
}, {
	name: "a region that overrides the project and the user's password",
	clouds: `
    auth: {auth_url: URL, user_id: u, password: pw, project_id: p}
    regions:
    - One
    - {name: Two, values: {auth: {project_id: p2, password: pw2}}}`,
	env:  map[string]string{"OS_REGION_NAME": "Two"},
	want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw2"}}}, "scope": {"project": {"id": "p2"}}}`,
}, {
	name: "the first region, where none is asked for",
	clouds: `
    auth: {auth_url: URL, user_id: u, password: pw, project_id: p}
    regions:
    - {name: One, values: {auth: {project_id: p1}}}
    - Two`,
	want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"project": {"id": "p1"}}}`,
}}

func TestLoginMethods(t *testing.T) {
	for _, test := range loginMethods {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			o := Options{Home: t.TempDir()}
			if test.clouds == "" {
				test.env["OS_AUTH_URL"] = k.URL
			} else {
				o.Cloud, o.File = "prod", writeClouds(t, "clouds:\n  prod:"+strings.ReplaceAll(test.clouds, "URL", k.URL))
			}
			o.Getenv = env(test.env)
			cloud, err := Resolve(o)
			if err != nil {
				t.Fatal(err)
			}
			wantLogin(t, k, cloud, test.want)
		})
	}
}
