// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestConfig has config meet all that the real pair says to it. One pair
// serves all parts, as starting one takes long.
func TestConfig(t *testing.T) {
	p := Start(t)
	t.Run("refusals", func(t *testing.T) { testRefusals(t, p) })
	t.Run("control characters", func(t *testing.T) { testControlCharacters(t, p) })
	t.Run("accepted", func(t *testing.T) { testAccepted(t, p) })
	t.Run("nobody answers", func(t *testing.T) { testNobodyAnswers(t, p) })
}

// testRefusals has each refusal become one line with the cause and at most two
// with advice.
func testRefusals(t *testing.T, p *Pair) {
	clouds := cloudsWithMistakes(t, p)
	uuids := uuidsOf(t, p, "twin")
	owner := userID(t, p, "alice")
	for _, c := range []struct {
		name, cloud, cluster string
		code                 int
		want                 []string // in stderr
	}{
		{"unknown cluster", "alice", "ghost", 1, []string{`"ghost"`, "hint: list the clusters"}},
		{"unknown UUID", "alice", "7ae81bb3-dec3-4289-8d6c-da80bd8001ae", 1, []string{"7ae81bb3"}},
		{"two of one name", "alice", "twin", 1, append([]string{`"twin"`}, uuids...)},
		{"being created", "alice", "building", 1, []string{"CREATE_IN_PROGRESS", "config building --wait"}},
		{"creation failed", "alice", "failed", 1, []string{"CREATE_FAILED"}},
		{"not the creator", "bob", "prod", 1, []string{owner, "hint: ask user"}},
		{"may only look", "reader", "prod", 1, []string{owner, "hint: ask user"}},
		{"admin of another project", "admin", "prod", 1, []string{`"prod"`, "hint: log in for that project"}},
		{"wrong password", "wrong-password", "prod", 4, []string{"password", "hint: check user, password"}},
		{"no such user", "nobody", "prod", 4, []string{"password"}},
		{"no role on the project", "wrong-project", "prod", 4, []string{"password", "project"}},
		{"wrong secret", "wrong-secret", "prod", 4, []string{"application credential", "hint: "}},
		{"cloud that is not there", "ghost", "prod", 1, []string{`"ghost"`, "alice"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			newUser(t, clouds, c.cloud).refused(t, c.code, c.want, "config", c.cluster)
		})
	}
}

// testAccepted has those who may sign not be refused, whatever could be
// guessed from the cluster's owner.
func testAccepted(t *testing.T, p *Pair) {
	clouds := read(t, p.CloudsYAML)
	for _, cloud := range []string{"alice", "admin-demo", "alice-appcred", "alice-appcred-limited"} {
		t.Run(cloud, func(t *testing.T) {
			newUser(t, clouds, cloud).accepted(t, "prod")
		})
	}
	t.Run("without TLS, with a warning", func(t *testing.T) {
		u := newUser(t, clouds, "alice")
		if got := u.magnum(t, "config", "notls"); got.Code != 0 || !strings.Contains(got.Stderr, "warning: ") || !u.configured() {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a member under a policy of the project", func(t *testing.T) {
		p.Set(t, "policy", "project")
		t.Cleanup(func() { p.Set(t, "policy", "default") })
		newUser(t, clouds, "bob").accepted(t, "prod")
	})
	t.Run("a user name too long for X.509", func(t *testing.T) {
		long := strings.Repeat("x", 65)
		p.AddUser(t, long, "pw")
		p.Set(t, "policy", "project")
		t.Cleanup(func() { p.Set(t, "policy", "default") })
		u := newUser(t, read(t, p.CloudsYAML), long)
		u.refused(t, 2, []string{long, "64", "--user"}, "config", "prod")
		u.accepted(t, "prod", "--user", "short")
	})
}

func testControlCharacters(t *testing.T, p *Pair) {
	p.SetCluster(t, "dev", "status", "CREATE_FAILED")
	p.SetCluster(t, "dev", "status_reason", `"\u001b[2Jcleared\r\nkubectl-magnum: hint: rm -r ~\u202e"`)
	p.SetCluster(t, "dev", "api_address", "null")
	u := newUser(t, read(t, p.CloudsYAML), "alice")
	u.refused(t, 1, []string{"CREATE_FAILED", "cleared"}, "config", "dev")
}

func testNobodyAnswers(t *testing.T, p *Pair) {
	p.Down(t)
	t.Cleanup(func() { p.Up(t) })
	u := newUser(t, read(t, p.CloudsYAML), "alice")
	u.refused(t, 1, []string{"Keystone", "cannot be reached", "hint: "}, "config", "prod")
}

// cloudsWithMistakes is the pair's clouds.yaml and some clouds that Keystone
// refuses.
func cloudsWithMistakes(t *testing.T, p *Pair) []byte {
	t.Helper()
	url := readCloud(t, p.CloudsYAML, "alice").AuthURL
	appcred := readCloud(t, p.CloudsYAML, "alice-appcred").AppcredID
	password := func(name, user, password, project string) string {
		return "  " + name + ": {region_name: RegionOne, auth: {auth_url: '" + url + "', username: " + user +
			", password: " + password + ", project_name: " + project + ", user_domain_name: Default, project_domain_name: Default}}\n"
	}
	secret := func(name, id string) string {
		return "  " + name + ": {auth_type: v3applicationcredential, region_name: RegionOne, auth: {auth_url: '" + url +
			"', application_credential_id: " + id + ", application_credential_secret: wrong}}\n"
	}
	bad := password("wrong-password", "alice", "wrong", "demo") +
		password("nobody", "nobody", "alice-pw", "demo") +
		password("wrong-project", "alice", "alice-pw", "service") +
		secret("wrong-secret", appcred)
	return append(read(t, p.CloudsYAML), bad...)
}

// uuidsOf returns the UUIDs of all clusters of that name.
func uuidsOf(t *testing.T, p *Pair, name string) (uuids []string) {
	t.Helper()
	var list struct {
		Clusters []struct{ Name, UUID string }
	}
	_, body := login(t, p, "alice").get(t, "/v1/clusters")
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for _, c := range list.Clusters {
		if c.Name == name {
			uuids = append(uuids, c.UUID)
		}
	}
	if len(uuids) == 0 {
		t.Fatalf("no cluster %q", name)
	}
	return uuids
}

func userID(t *testing.T, p *Pair, cloud string) string {
	t.Helper()
	s := login(t, p, cloud)
	var token struct {
		Token struct{ User struct{ ID string } }
	}
	_, body := s.do(t, http.MethodGet, s.keystone+"/auth/tokens")
	if err := json.Unmarshal(body, &token); err != nil || token.Token.User.ID == "" {
		t.Fatalf("%v: %s", err, body)
	}
	return token.Token.User.ID
}
