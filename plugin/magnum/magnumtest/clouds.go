// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"regexp"
	"strings"
)

// CloudsYAML is a clouds.yaml for this pair: alice, bob, reader and admin,
// admin-demo (admin in alice's project), alice-appcred and
// alice-appcred-limited (application credentials, the latter with access
// rules: read clusters, templates and CAs, and sign), and one per user added.
func (s *Server) CloudsYAML() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	b.WriteString("clouds:\n")
	for _, u := range s.identity.users {
		for _, p := range s.identity.projects {
			if _, ok := u.roles[p]; ok {
				s.writePasswordCloud(&b, u, p)
			}
		}
	}
	for _, c := range s.identity.credentials {
		s.writeCredentialCloud(&b, c)
	}
	return []byte(b.String())
}

func (s *Server) writePasswordCloud(b *strings.Builder, u *user, p *project) {
	cloud := u.name
	if u.name == "admin" && p.name != "admin" {
		cloud = "admin-" + p.name
	}
	writeYAML(b, 2, cloud, "")
	writeYAML(b, 4, "auth", "")
	writeYAML(b, 6, "auth_url", s.keystone.url)
	writeYAML(b, 6, "username", u.name)
	writeYAML(b, 6, "password", u.password)
	writeYAML(b, 6, "project_name", p.name)
	writeYAML(b, 6, "user_domain_name", domainName)
	writeYAML(b, 6, "project_domain_name", domainName)
	writeYAML(b, 4, "region_name", Region)
	fmt.Fprintln(b, "    identity_api_version: 3")
}

func (s *Server) writeCredentialCloud(b *strings.Builder, c *applicationCredential) {
	if c.cloud == "" {
		return
	}
	writeYAML(b, 2, c.cloud, "")
	writeYAML(b, 4, "auth_type", "v3applicationcredential")
	writeYAML(b, 4, "auth", "")
	writeYAML(b, 6, "auth_url", s.keystone.url)
	writeYAML(b, 6, "application_credential_id", c.id)
	writeYAML(b, 6, "application_credential_secret", c.secret)
	writeYAML(b, 4, "region_name", Region)
	fmt.Fprintln(b, "    identity_api_version: 3")
}

// writeYAML writes a key and a value, or the key of a mapping without one. A
// JSON string is a YAML string too, whatever is in it.
func writeYAML(b *strings.Builder, indent int, key, value string) {
	fmt.Fprintf(b, "%*s%s:", indent, "", yamlKey(key))
	if value != "" {
		fmt.Fprintf(b, " %s", marshal(value, compact))
	}
	fmt.Fprintln(b)
}

var plainKey = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func yamlKey(key string) string {
	if plainKey.MatchString(key) {
		return key
	}
	return string(marshal(key, compact))
}
