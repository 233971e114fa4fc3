// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

const authTokens = "/v3/auth/tokens"

func askTokens(a *asker) {
	askLogins(a)
	askWrongLogins(a)
	askAboutTokens(a)
	askMagnumAboutTokens(a)
	if a.target.TokenLife != nil {
		askExpiredTokens(a)
	}
}

// logInAs asks Keystone for a token.
func (a *asker) logInAs(name string, body any) reply {
	a.t.Helper()
	return a.ask(question{name: name, method: http.MethodPost, path: authTokens, ask: keystone, body: body})
}

func askLogins(a *asker) {
	alice, full := a.target.Clouds["alice"], a.target.Clouds["alice-appcred"]
	password := byPassword(alice.Username, alice.Password)
	id, project := a.id("<alice>"), a.id("<demo>")
	a.logInAs("password", scoped(password, "demo"))
	a.logInAs("password, ids", withScope(byUser(object{"id": id, "password": alice.Password}),
		object{"project": object{"id": project}}))
	a.logInAs("password, domain id", withScope(
		byUser(object{"name": "alice", "domain": object{"id": "default"}, "password": alice.Password}),
		object{"project": object{"name": "demo", "domain": object{"id": "default"}}}))
	a.logInAs("unscoped", unscoped(password))
	a.logInAs("unscoped in a word", withScope(password, "unscoped"))
	a.ask(question{
		name: "no catalog", method: http.MethodPost, path: authTokens + "?nocatalog", ask: keystone,
		body: scoped(password, "demo"),
	})
	token := a.newToken(a.t, "alice")
	a.logInAs("token", scoped(byToken(token), "demo"))
	a.logInAs("token, unscoped", unscoped(byToken(token)))
	r := a.logInAs("application credential", a.logIn(a.t, "alice-appcred"))
	a.logInAs("application credential by name", unscoped(identity("application_credential", object{
		"name": r.credentialName(a.t), "secret": full.CredentialSecret, "user": object{"name": "alice", "domain": domain},
	})))
	a.logInAs("application credential with access rules", a.logIn(a.t, "alice-appcred-limited"))
	a.logInAs("application credential, scoped", scoped(byCredential(full.CredentialID, full.CredentialSecret), "demo"))
	a.logInAs("token of an application credential", scoped(byToken(a.newToken(a.t, "alice-appcred")), "demo"))
}

// credentialName is the name of the application credential of a token.
func (r reply) credentialName(t *testing.T) string {
	t.Helper()
	var body struct {
		Token struct {
			Credential struct{ Name string } `json:"application_credential"`
		}
	}
	must(t, json.Unmarshal(r.body, &body))
	return body.Token.Credential.Name
}

func askWrongLogins(a *asker) {
	alice, full := a.target.Clouds["alice"], a.target.Clouds["alice-appcred"]
	password := byPassword(alice.Username, alice.Password)
	a.logInAs("wrong password", scoped(byPassword("alice", "no"), "demo"))
	a.logInAs("unknown user", scoped(byPassword("ghost", "no"), "demo"))
	a.logInAs("another domain", scoped(byUser(
		object{"name": "alice", "domain": object{"name": "ghost"}, "password": alice.Password}), "demo"))
	a.logInAs("a project alice has no role on", scoped(password, "service"))
	a.logInAs("unknown project", scoped(password, "ghost"))
	a.logInAs("a domain alice has no role on", withScope(password, object{"domain": domain}))
	a.logInAs("user without a domain", unscoped(byUser(object{"name": "alice", "password": alice.Password})))
	a.logInAs("project without a domain", withScope(password, object{"project": object{"name": "demo"}}))
	a.logInAs("garbage token", scoped(byToken("garbage"), "demo"))
	a.logInAs("application credential, wrong secret", unscoped(byCredential(full.CredentialID, "no")))
	a.logInAs("unknown application credential", unscoped(byCredential("00000000000000000000000000000000", "no")))
	a.logInAs("unknown method", unscoped(identity("smoke", object{})))
	a.logInAs("no method", unscoped(object{"identity": object{"methods": []string{}}}))
	a.logInAs("method without its data", unscoped(object{"identity": object{"methods": []string{"password"}}}))
	a.logInAs("no auth", object{})
	a.logInAs("not JSON", "{")
	a.logInAs("empty body", "")
	a.ask(question{
		name: "text", method: http.MethodPost, path: authTokens, ask: keystone, body: scoped(password, "demo"),
		header: map[string]string{"Content-Type": "text/plain"},
	})
	a.ask(question{name: "unknown method of HTTP", method: http.MethodPut, path: authTokens, ask: keystone})
}

func askAboutTokens(a *asker) {
	about := func(name, method, token, subject string) {
		a.ask(question{
			name: name, method: method, path: authTokens, ask: keystone, token: token,
			header: map[string]string{"X-Subject-Token": subject},
		})
	}
	token := a.newToken(a.t, "alice")
	about("look at one's own", http.MethodGet, token, token)
	about("look at another's", http.MethodGet, a.token(a.t, "bob"), token)
	about("look at garbage", http.MethodGet, token, "garbage")
	about("look with garbage", http.MethodGet, "garbage", token)
	about("revoke another's", http.MethodDelete, a.token(a.t, "bob"), token)
	about("revoke", http.MethodDelete, token, token)
	about("revoke again", http.MethodDelete, a.token(a.t, "alice"), token)
	about("look at a revoked one", http.MethodGet, a.token(a.t, "alice"), token)
	a.logInAs("revoked token", scoped(byToken(token), "demo"))
}

func askMagnumAboutTokens(a *asker) {
	const path = "/v1/clusters?limit=1"
	a.ask(question{name: "Magnum, no token", method: "GET", path: path})
	a.ask(question{name: "Magnum, no token, no such path", method: "GET", path: "/v2"})
	a.ask(question{name: "Magnum, garbage token", method: "GET", path: path, token: "garbage"})
	a.ask(question{
		name: "Magnum, garbage token, POST", method: "POST", path: "/v1/certificates", token: "garbage",
		body: object{"cluster_uuid": "prod", "csr": "x"},
	})
	unseen, seen := a.newToken(a.t, "alice"), a.newToken(a.t, "alice")
	a.send(a.t, question{method: "GET", path: path, token: seen})
	for _, token := range []string{unseen, seen} {
		a.send(a.t, question{
			method: http.MethodDelete, path: authTokens, ask: keystone, as: "alice",
			header: map[string]string{"X-Subject-Token": token},
		})
	}
	a.ask(question{name: "Magnum, revoked token", method: "GET", path: path, token: unseen})
	a.ask(question{name: "Magnum, revoked token that it has cached", method: "GET", path: path, token: seen})

	alice := a.target.Clouds["alice"]
	r := a.send(a.t, question{
		method: http.MethodPost, path: authTokens, ask: keystone,
		body: unscoped(byPassword(alice.Username, alice.Password)),
	})
	token := r.header.Get("X-Subject-Token")
	for _, p := range []string{"/v1/clusters", "/v1/clusters/prod", "/v1/clustertemplates/k8s", "/v1/certificates/prod"} {
		a.ask(question{name: "Magnum, unscoped token, " + p, method: "GET", path: p, token: token})
	}
	a.ask(question{
		name: "Magnum, unscoped token, sign", method: "POST", path: "/v1/certificates", token: token,
		body: object{"cluster_uuid": "prod", "csr": "x"},
	})
	a.ask(question{name: "Magnum, unscoped token, rotate", method: "PATCH", path: "/v1/certificates/prod", token: token})
}

func askExpiredTokens(a *asker) {
	const life = 2 * time.Second
	must(a.t, a.target.TokenLife(life))
	token := a.newToken(a.t, "alice")
	issued := time.NewTimer(life + time.Second) // Keystone's tokens end on whole seconds
	must(a.t, a.target.TokenLife(time.Hour))
	<-issued.C
	a.ask(question{name: "Magnum, expired token", method: "GET", path: "/v1/clusters", token: token})
	a.logInAs("expired token", scoped(byToken(token), "demo"))
	a.ask(question{
		name: "look at an expired one", method: http.MethodGet, path: authTokens, ask: keystone, as: "alice",
		header: map[string]string{"X-Subject-Token": token},
	})
}
