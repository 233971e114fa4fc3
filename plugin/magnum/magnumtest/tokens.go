// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// token is one issued by this Keystone.
type token struct {
	id         string
	methods    []string
	user       *user
	project    *project // nil: unscoped
	credential *applicationCredential
	auditIDs   []string
	issued     time.Time
	expires    time.Time
	revoked    bool
	seen       time.Time // when Magnum last asked Keystone about it
}

// magnumTokenCache is for how long Magnum takes a token on its own word
// (keystonemiddleware's token_cache_time): one revoked meanwhile still works.
const magnumTokenCache = 300 * time.Second

// roles are the names of the roles that t carries, implied ones included.
func (t token) roles() []string {
	if t.project == nil {
		return nil
	}
	return impliedRoles[t.user.roles[t.project]]
}

func (t token) has(role string) bool { return slices.Contains(t.roles(), role) }

// limited says whether t's application credential has access rules.
func (t token) limited() bool { return t.credential != nil && t.credential.rules != nil }

// allows tells whether the access rules of t's application credential, if it
// has any, let it ask Magnum for that.
func (t token) allows(method, path string) bool {
	if !t.limited() {
		return true
	}
	return slices.ContainsFunc(t.credential.rules, func(r accessRule) bool {
		return r.method == method && r.pattern().MatchString(path)
	})
}

// pattern follows keystonemiddleware: * and {tag} are one path segment, ** is
// anything.
func (r accessRule) pattern() *regexp.Regexp {
	p := regexp.QuoteMeta(r.path)
	p = regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(p, `[^/]+`)
	p = strings.ReplaceAll(p, `\*\*`, `.*`)
	p = strings.ReplaceAll(p, `\*`, `[^/]+`)
	return regexp.MustCompile("^" + p + "$")
}

// issue completes t with an id and dates and keeps it. An inherited expiry (a
// token made from a token) stays.
func (s *Server) issue(t token) token {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.id = "gAAAAAB" + randomText(140)
	t.auditIDs = append([]string{randomText(16)}, t.auditIDs...)
	t.issued = s.now().UTC().Truncate(time.Second)
	if t.expires.IsZero() {
		t.expires = t.issued.Add(s.opts.TokenLife.Truncate(time.Second))
	}
	s.identity.tokens[t.id] = &t
	return t
}

// tokenState says why Keystone would not vouch for a token.
type tokenState int

const (
	tokenGood tokenState = iota
	tokenUnknown
	tokenEnded // expired or revoked
)

func (s *Server) lookUpToken(id string) (token, tokenState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.identity.tokens[id]
	switch {
	case !ok:
		return token{}, tokenUnknown
	case t.revoked || !s.now().Before(t.expires):
		return *t, tokenEnded
	}
	return *t, tokenGood
}

// magnumToken is lookUpToken as Magnum's middleware does it, with its cache.
func (s *Server) magnumToken(id string) (token, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.identity.tokens[id]
	now := s.now()
	if !ok || !now.Before(t.expires) {
		return token{}, false
	}
	cached := !t.seen.IsZero() && now.Sub(t.seen) < magnumTokenCache
	if !cached {
		if t.revoked {
			return token{}, false
		}
		t.seen = now
	}
	return *t, true
}

// Token issues a token to a user, scoped to a project by name ("" for
// unscoped), without a request.
func (s *Server) Token(userName, projectName string) string {
	t := token{methods: []string{"password"}}
	s.mu.Lock()
	t.user = s.identity.user(userName)
	if projectName != "" {
		t.project = s.identity.project(projectName)
	}
	s.mu.Unlock()
	return s.issue(t).id
}

// TokenUser is the name of the user whom Keystone vouches for by a token to somebody
// who knows nothing of access rules, without a request.
func (s *Server) TokenUser(id string) (name string, ok bool) {
	t, state := s.lookUpToken(id)
	if state != tokenGood || t.limited() {
		return "", false
	}
	return t.user.name, true
}

// SetTokenLife sets the life of tokens issued from now on.
func (s *Server) SetTokenLife(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.TokenLife = d
}

// RevokeToken ends a token at once, for Magnum too: as if the time for which
// Magnum caches a token were over. (DELETE /v3/auth/tokens leaves that cache
// alone.) An unknown token is left unknown.
func (s *Server) RevokeToken(id string) { s.endTokens(func(t *token) bool { return t.id == id }) }

// RevokeTokens ends all tokens of a user likewise.
func (s *Server) RevokeTokens(userName string) {
	s.endTokens(func(t *token) bool { return t.user.name == userName })
}

func (s *Server) endTokens(which func(*token) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.identity.tokens {
		if which(t) {
			t.revoked, t.seen = true, time.Time{}
		}
	}
}
