// SPDX-License-Identifier: Apache-2.0

package openstack

// difference is why OpenStack's client sends something else than we do.
type difference struct {
	nothing bool // it sends no login at all
	why     string
}

// differences are by the names of cases, for python-openstackclient 6.0. Those
// that are meant are told by docs/adr/0006 (Consequences) and 0014 (decision 2);
// in the others it sends nothing, or what is not in the file.
var differences = map[string]difference{
	"user and project in different domains, one by id, one by name": {
		why: "variables count more there than a cloud that is named: OS_PASSWORD of another cloud is sent to this one",
	},
	"a password that only the environment has; who and where it does not say": {
		nothing: true, why: "variables count more there than a cloud that is named: Keystone is OS_AUTH_URL's",
	},
	"no domain, with identity_api_version 3 and default_domain": {
		why: "default_domain of clouds.yaml does not count there",
	},
	"OS_DEFAULT_DOMAIN": {
		why: "it counts there with OS_IDENTITY_API_VERSION only; without a domain Keystone refuses the login",
	},
	"numbers and odd words are texts as written": {
		why: "a YAML number is sent as Python prints it: 0123 is 83, yes is True",
	},
	"TOTP by name": {
		why: "a YAML number is sent as Python prints it: the passcode 012345 is 5349",
	},
	"former names, hyphens, settings beside auth; auth and today's names win": {
		why: "of a setting in auth and beside it the one beside it counts there",
	},
	"a token and the project to scope it to; the user is Keystone's to know": {
		nothing: true, why: "a user name beside a token is an error there",
	},
	"an application credential by id; it has a scope of its own": {
		nothing: true, why: "a project's name needs its domain there even where neither is sent",
	},
	"an application credential by name and user, without auth_type": {
		nothing: true, why: "auth_type is password there unless it says otherwise",
	},
	"a passcode says that it is to be used, where auth_type says nothing": {
		nothing: true, why: "auth_type is password there unless it says otherwise",
	},
	"beside a password too": {
		nothing: true, why: "auth_type is password there unless it says otherwise, and a passcode beside that an error",
	},
	"TOTP does not send a password": {
		nothing: true, why: "a password beside v3totp is an error there",
	},
	"a password does not send a passcode, if auth_type says password": {
		nothing: true, why: "a passcode beside v3password is an error there",
	},
	"in auth, in a text, the other way round": {
		nothing: true, why: "auth_methods in a text is taken there for one method a letter",
	},
	"both, all in variables": {
		nothing: true, why: "auth_methods in a text is taken there for one method a letter",
	},
	"former names": {
		nothing: true, why: "OS_USERID is not known there any more",
	},
	"OS_TENANT_ID and OS_AUTH_TOKEN, their former names": {
		nothing: true, why: "OS_AUTH_TOKEN is not known there any more",
	},
}
