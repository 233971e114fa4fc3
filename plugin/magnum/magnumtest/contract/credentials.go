// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"encoding/json"
	"net/http"
	"time"
)

// askCredentials makes application credentials, asks what those may, and ends
// them.
func askCredentials(a *asker) {
	made := askCreation(a)
	a.names[made.ID] = "<credential>"
	a.logInAs("by the new one", unscoped(byCredential(made.ID, made.Secret)))
	a.logInAs("by the new one, wrong secret", unscoped(byCredential(made.ID, "no")))
	r := a.send(a.t, question{method: http.MethodPost, path: authTokens, ask: keystone, body: unscoped(byCredential(made.ID, made.Secret))})
	limited := r.header.Get("X-Subject-Token")
	askLimited(a, limited)
	askEnd(a, limited, made)
	askExpiry(a)
}

// credential is an application credential as Keystone shows it once.
type credential struct{ ID, Secret string }

const credentials = "/v3/users/{alice}/application_credentials"

// signing are the rules that let one read clusters and sign.
var signing = []object{
	{"service": "container-infra", "method": "GET", "path": "/v1/clusters"},
	{"service": "container-infra", "method": "GET", "path": "/v1/clusters/*"},
	{"service": "container-infra", "method": "GET", "path": "/v1/clustertemplates/*"},
	{"service": "container-infra", "method": "GET", "path": "/v1/certificates/*"},
	{"service": "container-infra", "method": "POST", "path": "/v1/certificates"},
}

func named(name string, more object) object {
	c := object{"name": name}
	for key, value := range more {
		c[key] = value
	}
	return object{"application_credential": c}
}

func askCreation(a *asker) (made credential) {
	create := func(name, as string, body object) reply {
		return a.ask(question{name: name, method: http.MethodPost, path: credentials, as: as, ask: keystone, body: body})
	}
	limits := object{
		"description": "of a test", "secret": "chosen-by-the-client", "unrestricted": false,
		"expires_at": "2040-01-02T03:04:05.000", "access_rules": signing,
	}
	r := create("create", "alice", named("contract", limits))
	var answer struct {
		Credential credential `json:"application_credential"`
	}
	must(a.t, json.Unmarshal(r.body, &answer))
	create("create, without limits", "alice", named("contract, plain", nil))
	create("create, the name is taken", "alice", named("contract", limits))
	create("create, another's", "bob", named("contract, bob's", nil))
	create("create, at its end", "alice", named("contract, past", object{"expires_at": "2020-01-02T03:04:05.000"}))
	create("create, no date", "alice", named("contract, no date", object{"expires_at": "soon"}))
	a.ask(question{name: "create, no token", method: http.MethodPost, path: credentials, ask: keystone, body: named("x", nil)})
	a.ask(question{name: "list by name", method: http.MethodGet, path: credentials + "?name=contract", as: "alice", ask: keystone})
	a.ask(question{name: "list by no name", method: http.MethodGet, path: credentials + "?name=ghost", as: "alice", ask: keystone})
	a.ask(question{name: "list, another's", method: http.MethodGet, path: credentials, as: "bob", ask: keystone})
	a.ask(question{name: "unknown method of HTTP", method: http.MethodPut, path: credentials, as: "alice", ask: keystone})
	return answer.Credential
}

// askLimited asks what a credential that may sign may not.
func askLimited(a *asker, token string) {
	ask := func(name, method, path string, of service, body any) {
		a.ask(question{name: "limited: " + name, method: method, path: path, ask: of, token: token, body: body})
	}
	ask("create", http.MethodPost, credentials, keystone, named("contract, by another", nil))
	ask("delete", http.MethodDelete, credentials+"/{credential}", keystone, nil)
	ask("read itself", http.MethodGet, credentials+"/{credential}", keystone, nil)
	ask("read the catalog", http.MethodGet, "/v3/auth/catalog", keystone, nil)
	a.ask(question{
		name: "limited: look at its token", method: http.MethodGet, path: authTokens, ask: keystone, token: token,
		header: map[string]string{"X-Subject-Token": token},
	})
	a.logInAs("limited: another token", scoped(byToken(token), "demo"))
	ask("read a CA", http.MethodGet, "/v1/certificates/prod", magnum, nil)
	ask("sign", http.MethodPost, "/v1/certificates", magnum, object{"cluster_uuid": a.id("<prod>"), "csr": "x"})
	ask("rotate", http.MethodPatch, "/v1/certificates/{prod}", magnum, nil)
	ask("delete a cluster", http.MethodDelete, "/v1/clusters/prod", magnum, nil)
	ask("node groups", http.MethodGet, "/v1/clusters/prod/nodegroups", magnum, nil)
	ask("templates", http.MethodGet, "/v1/clustertemplates", magnum, nil)
	ask("clusters with a slash", http.MethodGet, "/v1/clusters/", magnum, nil)
}

func askEnd(a *asker, token string, made credential) {
	one := credentials + "/{credential}"
	a.ask(question{name: "read, another's", method: http.MethodGet, path: one, as: "bob", ask: keystone})
	a.ask(question{name: "delete, another's", method: http.MethodDelete, path: one, as: "bob", ask: keystone})
	a.ask(question{name: "delete", method: http.MethodDelete, path: one, as: "alice", ask: keystone})
	a.ask(question{name: "delete again", method: http.MethodDelete, path: one, as: "alice", ask: keystone})
	a.logInAs("by a deleted one", unscoped(byCredential(made.ID, made.Secret)))
	a.ask(question{name: "deleted: Magnum, which has the token cached", method: http.MethodGet, path: "/v1/clusters?limit=1", token: token})
}

// askExpiry has a token end with its application credential.
func askExpiry(a *asker) {
	const life = 4 * time.Second
	end := time.Now().UTC().Add(life).Truncate(time.Second)
	r := a.send(a.t, question{
		method: http.MethodPost, path: credentials, as: "alice", ask: keystone,
		body: named("contract, short", object{"expires_at": end.Format("2006-01-02T15:04:05.000")}),
	})
	var answer struct {
		Credential credential `json:"application_credential"`
	}
	must(a.t, json.Unmarshal(r.body, &answer))
	short := unscoped(byCredential(answer.Credential.ID, answer.Credential.Secret))
	a.logInAs("by a short one", short)
	timer := time.NewTimer(time.Until(end) + time.Second)
	<-timer.C
	a.logInAs("by an expired one", short)
}
