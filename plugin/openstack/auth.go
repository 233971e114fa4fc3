// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"github.com/gophercloud/gophercloud/v2"
)

// The methods of Keystone's v3 API that are supported.
//
// https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
const (
	methodPassword              = "password"
	methodToken                 = "token"
	methodApplicationCredential = "application_credential"
)

// authTypes are the values of auth_type, keystoneauth's plugin names, by the
// method they stand for.
var authTypes = map[string]string{
	"password":                methodPassword,
	"v3password":              methodPassword,
	"token":                   methodToken,
	"v3token":                 methodToken,
	"v3applicationcredential": methodApplicationCredential,
}

// method says how to log in: as auth_type has it, else as what is there
// suggests. What would change who logs in, or to what, and is not supported is
// refused by name.
func (d definition) method() (string, error) {
	authType := d.text("auth_type")
	if method, ok := authTypes[authType]; ok {
		return method, d.refuseExtras()
	}
	if authType != "" {
		return "", &UnsupportedAuthError{Cloud: d.name, AuthType: authType}
	}
	if err := d.refuseExtras(); err != nil {
		return "", err
	}
	switch {
	case d.first("application_credential_id", "application_credential_name") != "":
		return methodApplicationCredential, nil
	case d.text("token") != "" && d.text("password") == "":
		return methodToken, nil
	case d.first("username", "user_id") != "":
		return methodPassword, nil
	}
	return "", d.fault("auth", "there is no "+d.label("username")+", "+d.label("token")+" or "+
		d.label("application_credential_id")+" to log in with")
}

func (d definition) refuseExtras() error {
	for _, key := range []string{"trust_id", "system_scope", "passcode"} {
		if d.text(key) != "" {
			return &UnsupportedAuthError{Cloud: d.name, AuthType: key}
		}
	}
	return nil
}

// authOptions translates the definition for gophercloud. Scope is always set:
// left alone, gophercloud looks for a project's name in the user's domain.
func (d definition) authOptions(method string) (gophercloud.AuthOptions, error) {
	var auth gophercloud.AuthOptions
	var err error
	switch method {
	case methodToken:
		if auth.TokenID = d.text("token"); auth.TokenID == "" {
			return auth, d.missing("token")
		}
	case methodApplicationCredential:
		// It has a project of its own, and Keystone refuses a scope beside it.
		return d.applicationCredential()
	default:
		if auth, err = d.user(); err != nil {
			return auth, err
		}
		if auth.Password = d.text("password"); auth.Password == "" {
			return auth, d.missing("password")
		}
	}
	auth.Scope, err = d.scope()
	return auth, err
}

func (d definition) applicationCredential() (gophercloud.AuthOptions, error) {
	secret := d.text("application_credential_secret")
	if secret == "" {
		return gophercloud.AuthOptions{}, d.missing("application_credential_secret")
	}
	if id := d.text("application_credential_id"); id != "" {
		return gophercloud.AuthOptions{ApplicationCredentialID: id, ApplicationCredentialSecret: secret}, nil
	}
	name := d.text("application_credential_name")
	if name == "" {
		return gophercloud.AuthOptions{}, d.missing("application_credential_id")
	}
	auth, err := d.user()
	auth.ApplicationCredentialName, auth.ApplicationCredentialSecret = name, secret
	return auth, err
}

// user is who logs in: an id, which goes before a name, or a name and its domain.
func (d definition) user() (gophercloud.AuthOptions, error) {
	if id := d.text("user_id"); id != "" {
		return gophercloud.AuthOptions{UserID: id}, nil
	}
	name := d.text("username")
	if name == "" {
		return gophercloud.AuthOptions{}, d.missing("username")
	}
	id, domain, err := d.domain("user")
	return gophercloud.AuthOptions{Username: name, DomainID: id, DomainName: domain}, err
}

// scope is what the token is for: a project by id or by name and domain, else a
// domain, else what Keystone makes of it.
func (d definition) scope() (*gophercloud.AuthScope, error) {
	if id := d.text("project_id"); id != "" {
		return &gophercloud.AuthScope{ProjectID: id}, nil
	}
	if name := d.text("project_name"); name != "" {
		id, domain, err := d.domain("project")
		return &gophercloud.AuthScope{ProjectName: name, DomainID: id, DomainName: domain}, err
	}
	if id := d.text("domain_id"); id != "" {
		return &gophercloud.AuthScope{DomainID: id}, nil
	}
	return &gophercloud.AuthScope{DomainName: d.text("domain_name")}, nil
}

// domain is the domain of the "user" or the "project", as id or as name: its
// own; else domain_id or domain_name, which then means both domains; else
// default_domain, an id, which with identity_api_version 3 is "default".
func (d definition) domain(of string) (id, name string, err error) {
	for _, prefix := range []string{of + "_", ""} {
		if id := d.text(prefix + "domain_id"); id != "" {
			return id, "", nil
		}
		if name := d.text(prefix + "domain_name"); name != "" {
			return "", name, nil
		}
	}
	if id := d.text("default_domain"); id != "" {
		return id, "", nil
	}
	if v := d.text("identity_api_version"); v == "3" || v == "3.0" {
		return "default", "", nil
	}
	return "", "", d.missing(of + "_domain_name")
}

func (d definition) missing(key string) error {
	reason := "there is no " + d.label(key)
	if profile := d.first("profile", "cloud"); profile != "" {
		reason += ", and profiles are not supported"
	}
	return d.fault(key, reason)
}
