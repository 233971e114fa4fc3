// SPDX-License-Identifier: Apache-2.0

package logintest

// Environment is openrc files.
var Environment = []Case{{
	Name: "an openrc of Horizon",
	Env: map[string]string{
		"OS_AUTH_URL":   "KEYSTONE/v3/",
		"OS_PROJECT_ID": "p", "OS_PROJECT_NAME": "demo", "OS_USER_DOMAIN_NAME": "A", "OS_PROJECT_DOMAIN_ID": "b",
		"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_REGION_NAME": "One", "OS_INTERFACE": "public", "OS_IDENTITY_API_VERSION": "3",
	},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"name": "alice", "password": "pw", "domain": {"name": "A"}}}},
		"scope": {"project": {"id": "p"}}}`,
}, {
	Name: "former names",
	Env: map[string]string{
		"OS_AUTH_URL": "KEYSTONE/v3/",
		"OS_USERID":   "u", "OS_PASSWORD": "pw", "OS_TENANT_NAME": "demo", "OS_DOMAIN_NAME": "D", "OS_ENDPOINT_TYPE": "publicURL",
	},
	Want: `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}},
		"scope": {"project": {"name": "demo", "domain": {"name": "D"}}}}`,
}, {
	Name: "a token",
	Env:  map[string]string{"OS_AUTH_URL": "KEYSTONE/v3/", "OS_AUTH_TYPE": "token", "OS_TOKEN": "tok", "OS_PROJECT_ID": "p"},
	Want: `{"identity": {"methods": ["token"], "token": {"id": "tok"}}, "scope": {"project": {"id": "p"}}}`,
}, {
	Name: "an application credential",
	Env: map[string]string{
		"OS_AUTH_URL":  "KEYSTONE/v3/",
		"OS_AUTH_TYPE": "v3applicationcredential", "OS_APPLICATION_CREDENTIAL_ID": "ac", "OS_APPLICATION_CREDENTIAL_SECRET": "s",
	},
	Want: `{"identity": {"methods": ["application_credential"], "application_credential": {"id": "ac", "secret": "s"}}}`,
}}
