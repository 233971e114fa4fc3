// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// NoCloudError says that nothing tells which cloud to use: there is no
// clouds.yaml, and no OS_AUTH_URL either or a cloud was asked for by name.
type NoCloudError struct {
	Cloud    string   // the name asked for, "" if none
	Searched []string // the files that were looked for, in order
}

func (e *NoCloudError) Error() string {
	if e.Cloud != "" {
		return fmt.Sprintf("cloud %q: there is no clouds.yaml", e.Cloud)
	}
	return "no OpenStack cloud: there is no clouds.yaml, and OS_AUTH_URL is not set"
}

// CloudNotFoundError says that clouds.yaml does not settle which cloud to use:
// it lacks the one asked for, or none was asked for and it has not just one.
type CloudNotFoundError struct {
	Cloud string   // the name asked for, "" if none
	File  string   // the clouds.yaml
	Have  []string // the names in it, sorted
}

func (e *CloudNotFoundError) Error() string {
	switch {
	case e.Cloud != "":
		return fmt.Sprintf("cloud %q is not in %q%s", e.Cloud, e.File, list(", which has ", e.Have))
	case len(e.Have) == 0:
		return fmt.Sprintf("%q defines no cloud", e.File)
	default:
		return fmt.Sprintf("no cloud is named, and %q has several: %s", e.File, quoted(e.Have))
	}
}

// ConfigError says what is wrong with a clouds.yaml or with OS_* variables. The
// reason never holds what the file says, as it could be a secret.
type ConfigError struct {
	File   string // "" for environment and flags
	Line   int    // from 1; 0 if no line is to blame
	Reason string
}

func (e *ConfigError) Error() string {
	switch {
	case e.File == "":
		return "OpenStack configuration: " + e.Reason
	case e.Line == 0:
		return fmt.Sprintf("%q: %s", e.File, e.Reason)
	default:
		return fmt.Sprintf("%q, line %d: %s", e.File, e.Line, e.Reason)
	}
}

// UnsupportedAuthError says that the cloud wants a way to log in that this
// package does not know.
type UnsupportedAuthError struct {
	Cloud    string // "" for OS_* variables
	AuthType string // auth_type, or the setting that asks for it, such as trust_id
}

func (e *UnsupportedAuthError) Error() string {
	return fmt.Sprintf("%s wants authentication by %q, which is not supported", cloudOrEnvironment(e.Cloud), e.AuthType)
}

// AuthError says that the service answered 401: Keystone to the login (wrong
// password, no role on the project, expired or revoked token; it does not say
// which), or another service to the token. Of Keystone it may also be 403
// (another's trust, a token made of a delegated one) or 404 (nothing of that
// id). A service also answers so to a
// token whose application credential's access rules do not allow the request.
type AuthError struct {
	Service string // which service refused
	Cloud   string // "" for OS_* variables, and if Service is not Keystone
	AuthURL string // "" if Service is not Keystone
	Method  string // Cloud.Method; "" if Service is not Keystone
	Kept    bool   // what Keystone refused is [Kept]
	Detail  string // what the service said, one line
}

func (e *AuthError) Error() string {
	switch {
	case e.Method == "":
		return fmt.Sprintf("%s refuses the token%s", e.Service, colon(e.Detail))
	case e.Kept:
		return fmt.Sprintf("%s at %s refuses the application credential that kubectl magnum login keeps for %s%s",
			e.Service, e.AuthURL, cloudOrEnvironment(e.Cloud), colon(e.Detail))
	}
	return fmt.Sprintf("%s at %s refuses the %s of %s%s", e.Service, e.AuthURL,
		methodWords.Replace(e.Method), cloudOrEnvironment(e.Cloud), colon(e.Detail))
}

var methodWords = strings.NewReplacer(methodTokenCommand, "token of the token command", "_", " ", "+", " and the ", methodTOTP, "passcode")

// UnreachableError says that there was no answer: the service is down, its name
// unknown, its TLS certificate not trusted, or it took too long.
type UnreachableError struct {
	Service string
	URL     string // without user, password, query
	Err     error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s at %s cannot be reached: %v", e.Service, e.URL, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// ServiceError is an HTTP status that means failure, other than 401.
type ServiceError struct {
	Service    string
	Method     string
	URL        string // without user, password, query
	Code       int
	Detail     string        // what the service said, one line, at most 300 characters
	RequestID  string        // X-Openstack-Request-Id, "" if absent or odd
	RetryAfter time.Duration // 0 if the service did not say
}

func (e *ServiceError) Error() string {
	text := fmt.Sprintf("%s answered %d %s to %s %s%s", e.Service, e.Code, http.StatusText(e.Code),
		e.Method, e.URL, colon(e.Detail))
	if e.RequestID != "" {
		text += " (request " + e.RequestID + ")"
	}
	return text
}

// BadAnswerError is an answer that is not what the API promises: a redirect,
// HTML, JSON of another shape, cut short, or too long.
type BadAnswerError struct {
	Service string
	URL     string // without user, password, query; "" if not known
	Reason  string // a clause that goes on from "the answer ..."
}

func (e *BadAnswerError) Error() string {
	from := e.Service
	if e.URL != "" {
		from += " at " + e.URL
	}
	return fmt.Sprintf("the answer of %s %s", from, e.Reason)
}

// NoEndpointError says that the catalog has no endpoint of the service.
type NoEndpointError struct {
	Service   string   // the service type
	Interface string   // public, internal, admin
	Region    string   // "" if any would do
	Have      []string // regions that have the service with that interface, sorted, at most 20
}

func (e *NoEndpointError) Error() string {
	if len(e.Have) == 0 {
		return fmt.Sprintf("the cloud's catalog has no %s endpoint of service %q", e.Interface, e.Service)
	}
	return fmt.Sprintf("region %q has no %s endpoint of service %q%s", e.Region, e.Interface, e.Service,
		list("; there is one in ", e.Have))
}

func cloudOrEnvironment(cloud string) string {
	if cloud == "" {
		return "the cloud of the OS_* variables"
	}
	return fmt.Sprintf("cloud %q", cloud)
}

func colon(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + detail
}

func list(lead string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return lead + quoted(names)
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, name := range names {
		q[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(q, ", ")
}
