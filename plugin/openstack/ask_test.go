// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"strings"
	"testing"
)

// answers is a person.
type answers map[string]string

func (a answers) ask(q Question) (string, error) {
	answer, ok := a[q.Setting]
	if !ok {
		return "", errors.New("not asked for: " + q.Setting)
	}
	delete(a, q.Setting)
	if q.Secret != (q.Setting == "password" || q.Setting == "passcode") || q.AuthURL != keptAt {
		return "", errors.New("asked for in another way: " + q.Setting)
	}
	return answer, nil
}

func TestAsk(t *testing.T) {
	for _, test := range []struct {
		name    string
		vars    map[string]string
		answers answers
		want    string // the error
	}{
		{"everything", nil, answers{"username": "alice", "user_domain_name": "", "password": "pw", "project_name": "demo", "project_domain_name": ""}, ""},
		{"the password", map[string]string{"OS_USER_ID": "u", "OS_PROJECT_ID": "p"}, answers{"password": "pw"}, ""},
		{
			"the passcode",
			map[string]string{"OS_AUTH_TYPE": "v3multifactor", "OS_AUTH_METHODS": "v3password,v3totp", "OS_USER_ID": "u", "OS_PROJECT_ID": "p", "OS_PASSWORD": "pw"},
			answers{"passcode": "1"},
			"",
		},
		{"a project beside a default domain", map[string]string{"OS_USERNAME": "alice", "OS_DEFAULT_DOMAIN": "d", "OS_PASSWORD": "pw"}, answers{"project_name": "demo"}, ""},
		{"nothing", map[string]string{"OS_USER_ID": "u", "OS_PROJECT_ID": "p", "OS_PASSWORD": "pw"}, answers{}, ""},
		{"nothing for a token", map[string]string{"OS_TOKEN": "t"}, answers{}, ""},
		{"nothing for an application credential", map[string]string{"OS_APPLICATION_CREDENTIAL_ID": "x"}, answers{}, "APPLICATION_CREDENTIAL_SECRET"},
		{"no answer", map[string]string{"OS_USER_ID": "u", "OS_PROJECT_ID": "p"}, answers{"password": ""}, "there is no OS_PASSWORD"},
		{"nobody", map[string]string{"OS_USER_ID": "u", "OS_PROJECT_ID": "p"}, answers{}, "not asked for: password"},
	} {
		vars := map[string]string{"OS_AUTH_URL": keptAt}
		for name, value := range test.vars {
			vars[name] = value
		}
		cloud, err := Resolve(Options{Ask: test.answers.ask, Getenv: env(vars)})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %+v, %v", test.name, cloud, err)
		}
		if len(test.answers) > 0 {
			t.Errorf("%s: not asked for %v", test.name, test.answers)
		}
	}
}

// A credential call asks nobody.
func TestConfinedAsksNobody(t *testing.T) {
	ask := func(q Question) (string, error) {
		t.Errorf("asked for %s", q.Setting)
		return "x", nil
	}
	_, err := Resolve(Options{Confined: true, Ask: ask, Getenv: env(map[string]string{"OS_AUTH_URL": keptAt, "OS_USER_ID": "u", "OS_PROJECT_ID": "p"})})
	if !errors.As(err, new(*ConfigError)) {
		t.Errorf("got %v", err)
	}
}
