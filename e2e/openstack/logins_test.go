// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"maps"
	"testing"
)

// object is one of JSON, and so of YAML.
type object = map[string]any

// TestLogins has people log in by each method that Keystone comes with, and be
// refused for each reason it has. One pair serves all parts.
func TestLogins(t *testing.T) {
	p := Start(t)
	if p.dir == "" {
		t.Skip("not on a pair of somebody else's")
	}
	k := newAccounts(t, p)
	t.Run("token", func(t *testing.T) { testTokenLogins(t, k) })
	t.Run("trust", func(t *testing.T) { testTrusts(t, k) })
	t.Run("passcode", func(t *testing.T) { testPasscodes(t, k) })
	t.Run("password and passcode", func(t *testing.T) { testTwoFactors(t, k) })
	t.Run("refused", func(t *testing.T) { testLoginRefusals(t, k) })
}

// testTokenLogins is what TestUnknown, which has variables, does not ask.
func testTokenLogins(t *testing.T, k accounts) {
	token := login(t, k.pair, "alice").token
	t.Run("for a project", func(t *testing.T) {
		k.user(t, "v3token", object{"token": token, "project_name": "demo", "project_domain_name": "Default"}).accepted(t, "prod")
	})
	t.Run("as it is", func(t *testing.T) {
		k.user(t, "v3token", object{"token": token}).accepted(t, "prod")
	})
	t.Run("of an application credential", func(t *testing.T) {
		token := k.delegated(t)
		k.user(t, "v3token", object{"token": token}).accepted(t, "prod")
		u := k.user(t, "v3token", object{"token": token, "project_name": "demo", "project_domain_name": "Default"})
		u.refused(t, 4, []string{"delegated token", "hint: "}, "config", "prod")
	})
	t.Run("unscoped", func(t *testing.T) {
		token := k.unscoped(t, "alice", "alice-pw")
		k.user(t, "v3token", object{"token": token}).refused(t, 1, []string{"project", "hint: "}, "config", "prod")
		k.user(t, "v3token", object{"token": token, "project_name": "demo", "project_domain_name": "Default"}).accepted(t, "prod")
	})
}

// testTrusts has alice, who may sign, entrust that to bob, who may not.
func testTrusts(t *testing.T, k accounts) {
	bob := object{"username": "bob", "password": "bob-pw", "user_domain_name": "Default"}
	trust := func(t *testing.T, impersonation bool) string {
		return k.trust(t, object{
			"trustor_user_id": k.ids["alice"], "trustee_user_id": k.ids["bob"], "project_id": k.project,
			"impersonation": impersonation, "roles": []object{{"name": "member"}},
		})
	}
	given := trust(t, true)
	with := func(auth object, trust string) object {
		auth = maps.Clone(auth)
		auth["trust_id"] = trust
		return auth
	}
	t.Run("by password", func(t *testing.T) {
		k.user(t, "password", with(bob, given)).accepted(t, "prod")
	})
	t.Run("by token", func(t *testing.T) {
		k.user(t, "v3token", object{"token": login(t, k.pair, "bob").token, "trust_id": given}).accepted(t, "prod")
	})
	t.Run("without impersonation", func(t *testing.T) {
		k.user(t, "password", with(bob, trust(t, false))).refused(t, 1, []string{k.ids["alice"], "hint: ask user"}, "config", "prod")
	})
	t.Run("to somebody else", func(t *testing.T) {
		reader := object{"username": "reader", "password": "reader-pw", "user_domain_name": "Default"}
		k.user(t, "password", with(reader, given)).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
	t.Run("taken back", func(t *testing.T) {
		k.as["alice"].send(t, "DELETE", "/OS-TRUST/trusts/"+given, nil, 204)
		k.user(t, "password", with(bob, given)).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
	t.Run("unknown", func(t *testing.T) {
		unknown := with(bob, "0123456789abcdef0123456789abcdef")
		k.user(t, "password", unknown).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
}

func testPasscodes(t *testing.T, k accounts) {
	secret := k.enrol(t, "alice", k.ids["alice"])
	t.Run("in the environment", func(t *testing.T) {
		u := k.user(t, "v3totp", named("alice", nil))
		u.Setenv("OS_PASSCODE", passcode(t, secret))
		u.accepted(t, "prod")
	})
	t.Run("without auth_type", func(t *testing.T) {
		k.user(t, "", named("alice", object{"passcode": passcode(t, secret)})).accepted(t, "prod")
	})
	for name, wrong := range map[string]string{
		"wrong":          other(passcode(t, secret)),
		"not six digits": "x",
	} {
		t.Run(name, func(t *testing.T) {
			u := k.user(t, "v3totp", named("alice", object{"passcode": wrong}))
			u.refused(t, 4, []string{"passcode", "hint: a passcode is good for half a minute"}, "config", "prod")
		})
	}
	t.Run("of a user who has none", func(t *testing.T) {
		u := k.user(t, "v3totp", named("bob", object{"passcode": passcode(t, secret)}))
		u.refused(t, 4, []string{"passcode", "hint: "}, "config", "prod")
	})
}

// testTwoFactors has a user whom Keystone takes by both or not at all.
func testTwoFactors(t *testing.T, k accounts) {
	k.pair.Set(t, "policy", "project")
	t.Cleanup(func() { k.pair.Set(t, "policy", "default") })
	id := k.addUser(t, "carol")
	secret := k.enrol(t, "carol", id)
	k.change(t, id, object{"options": object{
		"multi_factor_auth_enabled": true, "multi_factor_auth_rules": [][]string{{"password", "totp"}},
	}})
	carol := func(t *testing.T, password, passcode string) object {
		return named("carol", object{"password": password, "passcode": passcode, "auth_methods": []string{"v3password", "v3totp"}})
	}
	t.Run("both", func(t *testing.T) {
		k.user(t, "v3multifactor", carol(t, "carol-pw", passcode(t, secret))).accepted(t, "prod")
	})
	refusal := []string{"password and the passcode", "hint: "}
	t.Run("wrong password", func(t *testing.T) {
		k.user(t, "v3multifactor", carol(t, "wrong", passcode(t, secret))).refused(t, 4, refusal, "config", "prod")
	})
	t.Run("wrong passcode", func(t *testing.T) {
		k.user(t, "v3multifactor", carol(t, "carol-pw", other(passcode(t, secret)))).refused(t, 4, refusal, "config", "prod")
	})
	t.Run("the password alone", func(t *testing.T) {
		u := k.user(t, "password", named("carol", object{"password": "carol-pw"}))
		u.refused(t, 4, []string{"password and totp together", "hint: "}, "config", "prod")
	})
	t.Run("the passcode alone", func(t *testing.T) {
		u := k.user(t, "v3totp", named("carol", object{"passcode": passcode(t, secret)}))
		u.refused(t, 4, []string{"password and totp together", "hint: "}, "config", "prod")
	})
}

// testLoginRefusals is about users; TestConfig has what is wrong in clouds.yaml.
func testLoginRefusals(t *testing.T, k accounts) {
	password := func(t *testing.T, name string, more object) user {
		auth := named(name, object{"password": name + "-pw"})
		maps.Copy(auth, more)
		return k.user(t, "password", auth)
	}
	t.Run("disabled user", func(t *testing.T) {
		k.change(t, k.addUser(t, "disabled"), object{"enabled": false})
		password(t, "disabled", nil).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
	t.Run("expired password", func(t *testing.T) {
		k.addUser(t, "expired")
		k.pair.ExpirePassword(t, "expired")
		password(t, "expired", nil).refused(t, 4, []string{"password is expired", "hint: "}, "config", "prod")
	})
	t.Run("no role on the project", func(t *testing.T) {
		password(t, "alice", object{"project_name": "service"}).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
	t.Run("disabled project", func(t *testing.T) {
		closed := object{"name": "closed", "domain_id": "default", "enabled": false}
		k.admin().send(t, "POST", "/projects", object{"project": closed}, 201)
		password(t, "alice", object{"project_name": "closed"}).refused(t, 4, []string{"password", "hint: "}, "config", "prod")
	})
	t.Run("no project", func(t *testing.T) {
		auth := object{"username": "alice", "password": "alice-pw", "user_domain_name": "Default"}
		k.user(t, "password", auth).refused(t, 1, []string{"project", "hint: "}, "config", "prod")
	})
	t.Run("application credential that was deleted", func(t *testing.T) {
		made := k.as["alice"].send(t, "POST", "/users/"+k.ids["alice"]+"/application_credentials",
			object{"application_credential": object{"name": "short-lived"}}, 201)
		var answer struct {
			Credential struct{ ID, Secret string } `json:"application_credential"`
		}
		if err := json.Unmarshal(made, &answer); err != nil {
			t.Fatal(err)
		}
		u := func() user {
			return k.user(t, "v3applicationcredential", object{
				"application_credential_id": answer.Credential.ID, "application_credential_secret": answer.Credential.Secret,
			})
		}
		u().accepted(t, "prod")
		k.as["alice"].send(t, "DELETE", "/users/"+k.ids["alice"]+"/application_credentials/"+answer.Credential.ID, nil, 204)
		u().refused(t, 4, []string{"application credential", "hint: "}, "config", "prod")
	})
}
