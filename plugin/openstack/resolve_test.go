// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestWhichFile adds files from the last place to the first: each goes before
// those there already.
func TestWhichFile(t *testing.T) {
	dir := t.TempDir()
	vars := map[string]string{"XDG_CONFIG_HOME": filepath.Join(dir, "xdg")}
	o := Options{Cloud: "prod", Getenv: env(vars), Home: filepath.Join(dir, "home"), WorkDir: filepath.Join(dir, "work")}
	for _, place := range []string{
		"home/.config/openstack/clouds.yml", "home/.config/openstack/clouds.yaml",
		"xdg/openstack/clouds.yml", "xdg/openstack/clouds.yaml", "work/clouds.yml", "work/clouds.yaml",
	} {
		want := write(t, filepath.Join(dir, place), alice("http://k", ""))
		wantFile(t, o, want)
	}
	inHome := o
	inHome.WorkDir = ""
	wantFile(t, inHome, filepath.Join(dir, "xdg/openstack/clouds.yaml"))
	t.Chdir(dir)
	vars["XDG_CONFIG_HOME"] = "xdg" // relative: ignored
	wantFile(t, inHome, filepath.Join(dir, "home/.config/openstack/clouds.yaml"))

	vars["OS_CLIENT_CONFIG_FILE"] = "../named.yaml" // from WorkDir
	named := write(t, filepath.Join(dir, "named.yaml"), alice("http://k", ""))
	wantFile(t, o, named)
	o.File = "~/mine.yaml"
	wantFile(t, o, write(t, filepath.Join(dir, "home/mine.yaml"), alice("http://k", "")))
}

func wantFile(t *testing.T, o Options, want string) {
	t.Helper()
	cloud, err := Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	if cloud.File != want || cloud.Name != "prod" {
		t.Errorf("cloud %q of %q, want %q", cloud.Name, cloud.File, want)
	}
}

func TestUnreadableFileIsPassedOver(t *testing.T) {
	if os.Getuid() <= 0 {
		t.Skip("needs a user to whom permissions apply")
	}
	dir := t.TempDir()
	first := write(t, filepath.Join(dir, "work/clouds.yaml"), alice("http://k", ""))
	if err := os.Chmod(first, 0); err != nil {
		t.Fatal(err)
	}
	second := write(t, filepath.Join(dir, "home/.config/openstack/clouds.yaml"), alice("http://k", ""))
	wantFile(t, Options{Cloud: "prod", Getenv: noEnv, WorkDir: filepath.Join(dir, "work"), Home: filepath.Join(dir, "home")}, second)
}

// TestWhichCloud: flag, OS_CLOUD, OS_AUTH_URL, the only one in clouds.yaml.
func TestWhichCloud(t *testing.T) {
	one := alice("http://one", "")
	two := one + strings.Replace(strings.TrimPrefix(alice("http://two", ""), "clouds:\n"), "prod", "dev", 1)
	openrc := map[string]string{"OS_AUTH_URL": "http://rc", "OS_USER_ID": "u", "OS_PASSWORD": secret}
	for _, test := range []struct {
		name, text, flag string
		env              map[string]string
		cloud, authURL   string
	}{
		{"the flag", two, "dev", map[string]string{"OS_CLOUD": "prod"}, "dev", "http://two/v3"},
		{"OS_CLOUD", two, "", map[string]string{"OS_CLOUD": "dev"}, "dev", "http://two/v3"},
		{"OS_CLOUD before OS_AUTH_URL", two, "", merged(openrc, "OS_CLOUD", "prod"), "prod", "http://one/v3"},
		{"OS_AUTH_URL", one, "", openrc, "", "http://rc/v3"},
		{"the only one", one, "", map[string]string{"OS_REGION_NAME": "One"}, "prod", "http://one/v3"},
	} {
		cloud, err := Resolve(Options{Cloud: test.flag, File: writeClouds(t, test.text), Getenv: env(test.env)})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if cloud.Name != test.cloud || cloud.AuthURL != test.authURL {
			t.Errorf("%s: cloud %q at %s", test.name, cloud.Name, cloud.AuthURL)
		}
	}
}

func merged(vars map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	for k, v := range vars {
		all[k] = v
	}
	return all
}

func TestNoSuchCloud(t *testing.T) {
	two := writeClouds(t, "clouds: {b: {}, a: {}}")
	home := t.TempDir()
	searched := Options{Getenv: noEnv, Home: home}.searchPath("clouds")
	for _, test := range []struct {
		o    Options
		want error
		text string
	}{{
		Options{Cloud: "prod", File: two, Getenv: noEnv},
		&CloudNotFoundError{Cloud: "prod", File: two, Have: []string{"a", "b"}}, ` is not in `,
	}, {
		Options{File: two, Getenv: noEnv},
		&CloudNotFoundError{File: two, Have: []string{"a", "b"}}, `has several: "a", "b"`,
	}, {
		Options{Getenv: noEnv, Home: home},
		&NoCloudError{Searched: searched}, "OS_AUTH_URL is not set",
	}, {
		Options{Cloud: "prod", Getenv: env(map[string]string{"OS_AUTH_URL": "http://k"}), Home: home},
		&NoCloudError{Cloud: "prod", Searched: searched}, `cloud "prod": there is no clouds.yaml`,
	}} {
		_, err := Resolve(test.o)
		if diff := cmp.Diff(test.want, err); diff != "" {
			t.Error(diff)
		}
		if err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%q, want %q", err, test.text)
		}
	}
	empty := writeClouds(t, "# nothing yet\n")
	_, err := Resolve(Options{File: empty, Getenv: noEnv})
	if got, ok := errors.AsType[*CloudNotFoundError](err); !ok || got.Have != nil || !strings.Contains(err.Error(), "defines no cloud") {
		t.Errorf("the error is %v", err)
	}
}

func TestRegion(t *testing.T) {
	for _, test := range []struct{ name, more, flag, env, want string }{
		{"none", "", "", "", ""},
		{"the cloud's", "    region_name: One", "", "", "One"},
		{"OS_REGION_NAME", "    region_name: One", "", "Two", "Two"},
		{"the flag", "    region_name: One", "Three", "Two", "Three"},
		{"the first of regions", "    regions: [A, {name: B}]", "", "", "A"},
		{"one of regions", "    regions: [A, {name: B, values: {}}]", "B", "", "B"},
	} {
		cloud, err := Resolve(Options{
			Cloud: "prod", Region: test.flag, File: writeClouds(t, alice("http://k", test.more)),
			Getenv: env(map[string]string{"OS_REGION_NAME": test.env}),
		})
		if err != nil || cloud.Region != test.want {
			t.Errorf("%s: region %q, %v", test.name, cloud.Region, err)
		}
	}
}

// TestMergeKeys: people share an auth section between clouds.
func TestMergeKeys(t *testing.T) {
	cloud, err := Resolve(Options{Cloud: "prod", Getenv: noEnv, File: writeClouds(t, `
base: &base {auth_url: "http://base", username: alice, user_domain_id: d}
more: &more {auth_url: "http://more", project_id: p, password: pw}
clouds:
  prod:
    region_name: One
    auth:
      <<: [*base, *more]
      username: bob
`)})
	if err != nil {
		t.Fatal(err)
	}
	if auth := cloud.login.auth; cloud.AuthURL != "http://base/v3" || auth.Username != "bob" || auth.Scope.ProjectID != "p" {
		t.Errorf("%s as %q in %q", cloud.AuthURL, auth.Username, auth.Scope.ProjectID)
	}
}

func TestAuthURL(t *testing.T) {
	for given, want := range map[string]string{
		"http://k:5000":               "http://k:5000/v3",
		"http://k:5000/":              "http://k:5000/v3",
		"https://k/identity/v3/":      "https://k/identity/v3",
		"https://k/identity":          "https://k/identity/v3",
		"https://k/v3?x=y#z":          "https://k/v3",
		"https://[2001:db8::1]:5000/": "https://[2001:db8::1]:5000/v3",
	} {
		if cloud := resolveClouds(t, alice("'"+given+"'", "")); cloud.AuthURL != want {
			t.Errorf("%s: %s, want %s", given, cloud.AuthURL, want)
		}
	}
}
