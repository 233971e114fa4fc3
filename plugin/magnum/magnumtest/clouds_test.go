// SPDX-License-Identifier: Apache-2.0

package magnumtest_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest"
)

type clouds struct {
	Clouds map[string]struct {
		Auth map[string]string `yaml:"auth"`
	} `yaml:"clouds"`
}

func TestCloudsYAML(t *testing.T) {
	s := start(t, magnumtest.Options{})
	odd := strings.Repeat("x", 70) + ": \"'\x1b\n"
	s.AddUser(odd, "p: w", "demo", "member")
	s.SetPassword("bob", "new")
	var got clouds
	if err := yaml.Unmarshal(s.CloudsYAML(), &got); err != nil {
		t.Fatalf("%v in\n%s", err, s.CloudsYAML())
	}
	want := []string{"admin", "admin-demo", "alice", "alice-appcred", "alice-appcred-limited", "bob", "reader", odd}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got.Clouds))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{
		"auth_url": s.KeystoneURL(), "username": odd, "password": "p: w",
		"project_name": "demo", "user_domain_name": "Default", "project_domain_name": "Default",
	}, got.Clouds[odd].Auth); diff != "" {
		t.Error(diff)
	}
	if got := got.Clouds["bob"].Auth["password"]; got != "new" {
		t.Errorf("bob's password is %q", got)
	}
}

func TestControlCharactersArriveEscaped(t *testing.T) {
	s := start(t, magnumtest.Options{})
	uuid := s.AddCluster(magnumtest.Cluster{Name: "\x1b[31mred", Status: "CREATE_FAILED", StatusReason: "a\nb\x07"})
	status, body, _ := ask(t, s, "GET", "/clusters/"+uuid, s.Token("alice", "demo"), nil)
	if status != http.StatusOK || strings.ContainsAny(body, "\x1b\n\x07") {
		t.Errorf("%d %q", status, body)
	}
	if got := field(t, body, "status_reason"); got != "a\nb\x07" {
		t.Errorf("status_reason %q", got)
	}
}
