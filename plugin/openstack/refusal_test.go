// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const secret = "hunter2-secret"

// TestRefusedConfig: what Resolve refuses, with the line to look at, and never
// with a secret.
func TestRefusedConfig(t *testing.T) {
	auth := "auth: {auth_url: 'http://k', username: a, password: " + secret + ", project_id: p, user_domain_id: d}"
	for _, test := range []struct {
		name, text string
		line       int
		reason     string
	}{
		{"a tab", "clouds:\n  prod:\n\tauth: " + secret, 3, "not valid YAML: found character that cannot start any token"},
		{"a password that looks like an alias", "clouds:\n  prod: {auth: {password: *" + secret + "}}", 2, "not valid YAML"},
		{"no UTF-8", "clouds:\n  prod:\n    region_name: \xff", 3, "not valid YAML"},
		{"a control character", "clouds:\n  prod: \x01", 2, "not valid YAML"},
		{"no mapping", "- " + secret, 1, "the file is not a mapping"},
		{"clouds is a list", "clouds:\n- " + secret, 2, "clouds is not a mapping"},
		{"the cloud is a text", "clouds:\n  prod: " + secret, 2, `cloud "prod" is not a mapping`},
		{"auth is a text", "clouds:\n  prod:\n    auth: " + secret, 3, "auth is not a mapping"},
		{"the password is a list", "clouds:\n  prod:\n    auth:\n      password: [" + secret + "]", 4, `"password" is not a text`},
		{"a mapping for a region", "clouds:\n  prod:\n    region_name: {a: b}\n    " + auth, 3, `"region_name" is not a text`},
		{"twice", "clouds:\n  prod: {}\n  prod: {}", 3, "clouds has a key twice"},
		{"no auth", "clouds:\n  dev: {}\n  prod:\n    region_name: One", 3, "there is no auth_url"},
		{"null auth", "clouds:\n  prod:\n    auth:", 2, "there is no auth_url"},
		{"a profile", "clouds:\n  prod:\n    profile: vexxhost", 2, "there is no auth_url, and no clouds-public.yaml has the profile"},
		{"not http", "clouds:\n  prod:\n    auth:\n      auth_url: ftp://k", 4, "auth_url is not an http or https URL"},
		{"no URL", "clouds:\n  prod:\n    auth: {auth_url: 'http://" + secret + ":%zz'}", 3, "auth_url is not a URL"},
		{"password in the URL", "clouds:\n  prod:\n    auth: {auth_url: 'http://a:" + secret + "@k'}", 3, "auth_url holds a user name or password"},
		{"Keystone v2", "clouds:\n  prod:\n    auth: {auth_url: 'http://k/v2.0/'}", 3, "auth_url is for Keystone's v2.0 API, which is not supported"},
		{"nobody", "clouds:\n  prod:\n    auth: {auth_url: 'http://k'}", 2, "there is no username, token or application_credential_id to log in with"},
		{"no password", "clouds:\n  prod:\n    auth: {auth_url: 'http://k', username: a, user_domain_id: d}", 2, "there is no password"},
		{"no domain", "clouds:\n  prod:\n    auth: {auth_url: 'http://k', username: a, password: " + secret + "}", 2, "there is no user_domain_name"},
		{"no domain of the project", "clouds:\n  prod:\n    auth: {auth_url: 'http://k', user_id: a, password: " + secret + ", project_name: p}", 2, "there is no project_domain_name"},
		{"no token", "clouds:\n  prod:\n    auth_type: token\n    auth: {auth_url: 'http://k'}", 2, "there is no token"},
		{"no secret", "clouds:\n  prod:\n    auth: {auth_url: 'http://k', application_credential_id: a}", 2, "there is no application_credential_secret"},
		{"an interface", "clouds:\n  prod:\n    interface: private\n    " + auth, 3, "interface is none of public, internal, admin"},
		{"verify", "clouds:\n  prod:\n    verify: perhaps\n    " + auth, 3, "verify is neither true nor false"},
		{"values of a region are a text", "clouds:\n  prod:\n    regions:\n    - One\n    - {name: Two, values: " + secret + "}\n    " + auth, 5, "values is not a mapping"},
		{"a bad interface in a region", "clouds:\n  prod:\n    regions:\n    - name: Two\n      values:\n        interface: private\n    " + auth, 6, "interface is none of public, internal, admin"},
		{"a trust and a project", "clouds:\n  prod:\n    trust_id: t\n    " + auth, 3, "trust_id and project_id both say what the login is for"},
		{"a trust for an application credential", "clouds:\n  prod:\n    auth: {auth_url: 'http://k', application_credential_id: a, application_credential_secret: " + secret + ", trust_id: t}", 3, "trust_id beside an application credential, which Keystone refuses"},
		{"no passcode", "clouds:\n  prod:\n    auth_type: v3totp\n    " + auth, 2, "there is no passcode"},
		{"no passcode beside the password", "clouds:\n  prod:\n    auth_type: v3multifactor\n    auth_methods: [v3password, v3totp]\n    " + auth, 2, "there is no passcode"},
		{"another region", "clouds:\n  prod:\n    regions: [One]\n    " + auth, 2, `region "Three" is not among the cloud's regions`},
		{"regions are no list", "clouds:\n  prod:\n    regions: One\n    " + auth, 3, `"regions" is not a list`},
		{"merges without end", "clouds:\n  prod: &a\n    <<: *a", 2, "too many merge keys"},
		{"a cert without its file", "clouds:\n  prod:\n    cert: /nowhere/at/all\n    " + auth, 3, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{Cloud: "prod", File: writeClouds(t, test.text), Getenv: noEnv}
			if strings.Contains(test.name, "region") {
				o.Region = map[bool]string{true: "Three", false: "Two"}[test.name == "another region"]
			}
			_, err := Resolve(o)
			config, ok := errors.AsType[*ConfigError](err)
			if !ok {
				t.Fatalf("the error is %v", err)
			}
			if test.reason == "" {
				config.Reason = ""
			}
			if diff := cmp.Diff(&ConfigError{File: o.File, Line: test.line, Reason: test.reason}, config); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("tells the secret: %v", err)
			}
		})
	}
}

// TestUnsupportedAuth: what would change who logs in or to what is refused by
// name instead of being left out.
func TestUnsupportedAuth(t *testing.T) {
	for want, more := range map[string]string{
		"v3oidcpassword":                         "    auth_type: v3oidcpassword",
		"v3multifactor with v3password,v3oauth1": "    auth_type: v3multifactor\n    auth_methods: [v3password, v3oauth1]",
		"v3multifactor with ":                    "    auth_type: v3multifactor",
		"v2password":                             "    auth_type: v2password",
		"none":                                   "    auth_type: none",
		"system_scope":                           "    auth_type: password\n    system_scope: all",
	} {
		_, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, alice("http://k", more)), Getenv: noEnv})
		got, ok := errors.AsType[*UnsupportedAuthError](err)
		if !ok || got.Cloud != "prod" || got.AuthType != want {
			t.Errorf("%s: the error is %v", want, err)
		}
	}
	_, err := Resolve(Options{Getenv: env(map[string]string{
		"OS_AUTH_URL": "http://k", "OS_USER_ID": "u", "OS_PASSWORD": secret, "OS_SYSTEM_SCOPE": "all",
	})})
	if got, ok := errors.AsType[*UnsupportedAuthError](err); !ok || got.AuthType != "system_scope" {
		t.Errorf("OS_SYSTEM_SCOPE: the error is %v", err)
	}
}

// TestEnvironmentFaults are about variables, by their names, and no file.
func TestEnvironmentFaults(t *testing.T) {
	for name, test := range map[string]struct {
		env  map[string]string
		want string
	}{
		"no domain": {
			map[string]string{"OS_AUTH_URL": "http://k", "OS_USERNAME": "a", "OS_PASSWORD": secret},
			"OpenStack configuration: there is no OS_USER_DOMAIN_NAME",
		},
		"which variable it was": {
			map[string]string{"OS_AUTH_URL": "http://k", "OS_USER_ID": "a", "OS_PASSWORD": secret, "OS_ENDPOINT_TYPE": "x"},
			"OpenStack configuration: OS_ENDPOINT_TYPE is none of public, internal, admin",
		},
		"a relative CA file": {
			map[string]string{"OS_AUTH_URL": "http://k", "OS_USER_ID": "a", "OS_PASSWORD": secret, "OS_CACERT": "ca.pem"},
			"OpenStack configuration: OS_CACERT: a relative path cannot be used here",
		},
		"a relative clouds.yaml": {
			map[string]string{"OS_CLIENT_CONFIG_FILE": "clouds.yaml"},
			`OpenStack configuration: clouds.yaml at "clouds.yaml": a relative path cannot be used here`,
		},
	} {
		_, err := Resolve(Options{Getenv: env(test.env)})
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

func TestCloudShowsNoSecret(t *testing.T) {
	cloud := resolveClouds(t, alice("http://k", ""))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, cloud) + fmt.Sprintf(verb, &cloud) + fmt.Sprintf(verb, []any{cloud}); strings.Contains(text, secret) {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

func TestBillionMerges(t *testing.T) {
	text := "a0: &a0 {k: v}\n"
	for i := 1; i < 40; i++ {
		text += fmt.Sprintf("a%d: &a%d {<<: [*a%d, *a%d, *a%d]}\n", i, i, i-1, i-1, i-1)
	}
	_, err := Resolve(Options{Cloud: "prod", File: writeClouds(t, text+"clouds: {prod: *a39}"), Getenv: noEnv})
	if _, ok := errors.AsType[*ConfigError](err); !ok {
		t.Errorf("the error is %v", err)
	}
}

func TestMissingFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none.yaml")
	_, err := Resolve(Options{Cloud: "prod", Getenv: noEnv, File: file})
	config, ok := errors.AsType[*ConfigError](err)
	if !ok || config.File != file {
		t.Errorf("the error is %v", err)
	}
}
