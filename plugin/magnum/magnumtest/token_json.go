// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"net/http"
	"time"
)

// keystoneTime has microseconds, though Keystone's tokens are good to the
// second.
func keystoneTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// end is when t expires. Where that is the end of its application credential
// Keystone writes it without a Z, and without a fraction that is none.
func (t token) end() string {
	if t.credential != nil && t.credential.expires.Equal(t.expires) {
		return t.expires.UTC().Format("2006-01-02T15:04:05.999999")
	}
	return keystoneTime(t.expires)
}

// tokenAnswer shows a token, its id in the header. ?nocatalog leaves the
// catalog out, as an unscoped token does.
func (s *Server) tokenAnswer(status int, t token, r *http.Request) answer {
	domain := object{{"id", domainID}, {"name", domainName}}
	body := object{
		{"methods", t.methods},
		{"user", object{
			{"domain", domain}, {"id", t.user.id}, {"name", t.user.name}, {"password_expires_at", nil},
		}},
		{"audit_ids", t.auditIDs},
		{"expires_at", t.end()},
		{"issued_at", keystoneTime(t.issued)},
	}
	if t.project != nil {
		var roles []object
		for _, role := range t.roles() {
			roles = append(roles, object{{"id", s.identity.roles[role]}, {"name", role}})
		}
		body = append(body,
			member{"project", object{{"domain", domain}, {"id", t.project.id}, {"name", t.project.name}}},
			member{"is_domain", false},
			member{"roles", roles})
		if !r.URL.Query().Has("nocatalog") {
			body = append(body, member{"catalog", s.catalogJSON()})
		}
	}
	if t.credential != nil {
		body = append(body, member{"application_credential", t.credential.json()})
	}
	return jsonAnswer(status, object{{"token", body}}).with("X-Subject-Token", t.id)
}

func (c *applicationCredential) json() object {
	o := object{{"id", c.id}, {"name", c.name}, {"restricted", !c.unrestricted}}
	if c.rules == nil {
		return o
	}
	return append(o, member{"access_rules", c.rulesJSON()})
}

func (c *applicationCredential) rulesJSON() []object {
	var rules []object
	for _, r := range c.rules {
		rules = append(rules, object{
			{"id", r.id}, {"service", "container-infra"}, {"path", r.path}, {"method", r.method},
		})
	}
	return rules
}
