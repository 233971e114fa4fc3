// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"slices"
	"time"
)

// identity is Keystone's database. The fields are guarded by Server.mu;
// projects never change, users and tokens are handed out as copies.
type identity struct {
	users       []*user
	projects    []*project
	roles       map[string]string // name to id
	catalog     []service
	credentials []*applicationCredential
	tokens      map[string]*token
}

type user struct {
	id, name, password string
	roles              map[*project]string // the role given; it may imply others
}

type project struct{ id, name string }

// applicationCredential acts as its user in one project. Access rules, if any,
// are all that it may do.
type applicationCredential struct {
	id, name, secret string
	user             *user
	project          *project
	rules            []accessRule
	description      *string
	expires          time.Time // zero: never
	unrestricted     bool      // it may make others
	said             bool      // whoever made it said whether it is
	cloud            string    // in CloudsYAML; "" if a request made it
}

type accessRule struct{ id, method, path string }

// impliedRoles are what Keystone adds to each role on its own.
var impliedRoles = map[string][]string{
	"admin":  {"admin", "member", "reader"},
	"member": {"member", "reader"},
	"reader": {"reader"},
}

func newIdentity() identity {
	demo := &project{newID(), "demo"}
	admin := &project{newID(), "admin"}
	service := &project{newID(), "service"}
	give := func(name, role string, in ...*project) *user {
		u := &user{id: newID(), name: name, password: name + "-pw", roles: map[*project]string{}}
		for _, p := range in {
			u.roles[p] = role
		}
		return u
	}
	alice := give("alice", "member", demo)
	return identity{
		users: []*user{
			alice, give("bob", "member", demo), give("reader", "reader", demo),
			give("admin", "admin", admin, demo),
		},
		projects: []*project{demo, admin, service},
		roles:    map[string]string{"admin": newID(), "member": newID(), "reader": newID()},
		catalog:  newCatalog(),
		tokens:   map[string]*token{},
		credentials: []*applicationCredential{
			{id: newID(), name: "full", cloud: "alice-appcred", secret: randomText(64), user: alice, project: demo},
			{
				id: newID(), name: "limited", cloud: "alice-appcred-limited", secret: randomText(64), user: alice, project: demo,
				rules: []accessRule{
					{newID(), "GET", "/v1/clusters"},
					{newID(), "GET", "/v1/clusters/*"},
					{newID(), "GET", "/v1/clustertemplates/*"},
					{newID(), "GET", "/v1/certificates/*"},
					{newID(), "POST", "/v1/certificates"},
				},
			},
		},
	}
}

// AddUser adds a user with a role (admin, member or reader) in a project (demo
// or admin) and returns the user's id. Any name will do; [Server.CloudsYAML]
// has a cloud of that name.
func (s *Server) AddUser(name, password, projectName, role string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if impliedRoles[role] == nil {
		panic(fmt.Sprintf("magnumtest: no role %q", role))
	}
	u := &user{id: newID(), name: name, password: password}
	u.roles = map[*project]string{s.identity.project(projectName): role}
	s.identity.users = append(s.identity.users, u)
	return u.id
}

// SetPassword changes a user's password, which revokes the user's tokens.
func (s *Server) SetPassword(userName, password string) {
	s.mu.Lock()
	s.identity.user(userName).password = password
	s.mu.Unlock()
	s.RevokeTokens(userName)
}

// UserID is the id of a user by name.
func (s *Server) UserID(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity.user(name).id
}

// ProjectID is the id of a project by name.
func (s *Server) ProjectID(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity.project(name).id
}

// user and project serve tests, which know whom they ask for: no such one is
// a mistake in the test.
func (d *identity) user(name string) *user {
	i := slices.IndexFunc(d.users, func(u *user) bool { return u.name == name })
	if i < 0 {
		panic(fmt.Sprintf("magnumtest: no user %q", name))
	}
	return d.users[i]
}

func (d *identity) project(name string) *project {
	i := slices.IndexFunc(d.projects, func(p *project) bool { return p.name == name })
	if i < 0 {
		panic(fmt.Sprintf("magnumtest: no project %q", name))
	}
	return d.projects[i]
}
