// SPDX-License-Identifier: Apache-2.0

package magnumtest

import "strings"

// enforce is Magnum's policy: whether t may do action to a cluster that it can
// see (nil for a question about all of them).
func (s *Server) enforce(t token, action string, c *cluster) *fault {
	if t.has("admin") || s.allowed(t, action, c) {
		return nil
	}
	return forbiddenByPolicy(action)
}

func (s *Server) allowed(t token, action string, c *cluster) bool {
	owner := c != nil && t.user.id == c.UserID
	sameProject := c != nil && t.project != nil && t.project.id == c.ProjectID
	// Releases before 18 (2024.1) ask for no role in their own policies.
	withRole := func(role string) bool { return !s.release.roles || t.has(role) }
	certificates := strings.HasPrefix(action, "certificate:")
	switch {
	case certificates && s.opts.Policy == "project":
		return sameProject && t.has(roleFor(action))
	case action == "certificate:rotate_ca":
		return sameProject && withRole("member")
	case certificates:
		return owner && withRole(roleFor(action))
	}
	return withRole(roleFor(action))
}

// roleFor is reader for looking and member for the rest.
func roleFor(action string) string {
	switch action {
	case "certificate:get", "cluster:get", "cluster:get_all", "cluster:detail":
		return "reader"
	}
	return "member"
}
