// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
)

// The methods of Keystone's v3 API that are supported.
//
// https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management
const (
	methodPassword              = "password"
	methodToken                 = "token"
	methodApplicationCredential = "application_credential"
	methodTOTP                  = "totp"
	methodMultifactor           = methodPassword + "+" + methodTOTP
	// methodTokenCommand is methodToken, with a token that another program prints.
	methodTokenCommand = "token_command"
)

// authTypes are the values of auth_type, keystoneauth's plugin names, by the
// method they stand for.
//
// https://docs.openstack.org/keystoneauth/latest/authentication-plugins.html
var authTypes = map[string]string{
	"password":                methodPassword,
	"v3password":              methodPassword,
	"token":                   methodToken,
	"v3token":                 methodToken,
	"v3applicationcredential": methodApplicationCredential,
	"v3totp":                  methodTOTP,
	"v3multifactor":           methodMultifactor,
}

// method says how to log in: as auth_type has it, else as what is there
// suggests. What would change who logs in, or to what, and is not supported is
// refused by name.
func (d definition) method() (string, error) {
	method, err := d.chosenMethod()
	if err != nil {
		return "", err
	}
	if d.text("system_scope") != "" {
		return "", &UnsupportedAuthError{Cloud: d.name, AuthType: "system_scope"}
	}
	if d.text("trust_id") != "" && method == methodApplicationCredential {
		return "", d.fault("trust_id", d.label("trust_id")+" beside an application credential, which Keystone refuses")
	}
	return method, nil
}

func (d definition) chosenMethod() (string, error) {
	authType := d.text("auth_type")
	method, ok := authTypes[authType]
	switch {
	case d.command != nil:
		return methodTokenCommand, nil
	case method == methodMultifactor && !d.wantsPasswordAndTOTP():
		return "", &UnsupportedAuthError{Cloud: d.name, AuthType: "v3multifactor with " + d.text("auth_methods")}
	case ok:
		return method, nil
	case authType != "":
		return "", &UnsupportedAuthError{Cloud: d.name, AuthType: authType}
	case d.first("application_credential_id", "application_credential_name") != "":
		return methodApplicationCredential, nil
	case d.text("token") != "" && d.text("password") == "":
		return methodToken, nil
	case d.first("username", "user_id") == "":
		return "", d.fault("auth", "there is no "+d.label("username")+", "+d.label("token")+" or "+
			d.label("application_credential_id")+" to log in with")
	case d.text("passcode") != "" && d.text("password") == "":
		return methodTOTP, nil
	case d.text("passcode") != "":
		return methodMultifactor, nil
	}
	return methodPassword, nil
}

// wantsPasswordAndTOTP says whether auth_methods are these two, in any order: no
// other combination is one that Keystone comes with.
func (d definition) wantsPasswordAndTOTP() bool {
	var methods []string
	for name := range strings.SplitSeq(d.text("auth_methods"), ",") {
		methods = append(methods, strings.TrimPrefix(strings.TrimSpace(name), "v3"))
	}
	slices.Sort(methods)
	return slices.Equal(methods, []string{methodPassword, methodTOTP})
}

// authOptions translates the definition for gophercloud. Scope is always set:
// left alone, gophercloud looks for a project's name in the user's domain.
func (d definition) authOptions(method string) (gophercloud.AuthOptions, error) {
	var auth gophercloud.AuthOptions
	var err error
	switch method {
	case methodTokenCommand:
		// Only the scope is known yet.
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
		if strings.Contains(method, methodPassword) {
			if auth.Password = d.text("password"); auth.Password == "" {
				return auth, d.missing("password")
			}
		}
		if strings.Contains(method, methodTOTP) {
			if auth.Passcode = d.text("passcode"); auth.Passcode == "" {
				return auth, d.missing("passcode")
			}
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

// scope is what the token is for: what was entrusted, or a project by id or by
// name and domain, else a domain, else what Keystone makes of it.
func (d definition) scope() (*gophercloud.AuthScope, error) {
	if trust := d.text("trust_id"); trust != "" {
		for _, other := range []string{"project_id", "project_name"} {
			if d.text(other) != "" {
				return nil, d.fault("trust_id", d.label("trust_id")+" and "+d.label(other)+" both say what the login is for")
			}
		}
		return &gophercloud.AuthScope{TrustID: trust}, nil
	}
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
	if profile := d.first("profile", "cloud"); profile != "" && d.publicFile == "" {
		reason += ", and no clouds-public.yaml has the profile"
	}
	return d.fault(key, reason)
}
