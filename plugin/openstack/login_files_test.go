// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack/logintest"
)

// writeHome writes files below ~/.config/openstack, in which KEYSTONE stands for
// url, and returns the home.
func writeHome(t *testing.T, url string, files map[string]string) string {
	t.Helper()
	home := t.TempDir()
	if err := (logintest.Case{Files: files}).Write(home, url); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestFilesBesideClouds(t *testing.T) {
	for _, test := range logintest.Files {
		t.Run(test.Name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			o := Options{Cloud: "prod", Home: writeHome(t, k.URL, test.Files), Getenv: noEnv}
			cloud, err := Resolve(o)
			if err != nil {
				t.Fatal(err)
			}
			if cloud.Region != test.Region || (cloud.SecureFile != "") != test.Secure || (cloud.PublicFile != "") != test.Profile {
				t.Errorf("got %+v", cloud)
			}
			wantLogin(t, k, cloud, test.Want)
			// What kubectl runs later finds the same by what was remembered.
			again := Options{
				Cloud: "prod", Confined: true, File: cloud.File, SecureFile: cloud.SecureFile, PublicFile: cloud.PublicFile,
				AuthURL: cloud.AuthURL, Getenv: env(map[string]string{"XDG_CONFIG_HOME": evil(t)}),
			}
			confined, err := Resolve(again)
			if err != nil {
				t.Fatal(err)
			}
			if confined.login.auth.Password != "pw" || confined.SecureFile != cloud.SecureFile || confined.PublicFile != cloud.PublicFile {
				t.Errorf("confined: %+v", confined)
			}
		})
	}
}

// evil is a directory with files of somebody else's for each name.
func evil(t *testing.T) string {
	t.Helper()
	home := writeHome(t, "http://evil.invalid", map[string]string{
		"clouds.yaml":        "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: evil, project_id: p}}}",
		"secure.yaml":        "clouds: {prod: {verify: false, auth: {password: evil}}}",
		"clouds-public.yaml": "public-clouds: {acme: {auth: {auth_url: KEYSTONE}}, gone: {verify: false}}",
	})
	return filepath.Join(home, ".config")
}

// A login that was made of variables alone goes by no clouds.yaml that the
// environment brings now.
func TestConfinedToVariablesReadsNoFiles(t *testing.T) {
	dir := evil(t)
	cloud, err := Resolve(Options{
		Confined: true, AuthURL: "https://k.example/v3", Home: filepath.Dir(dir),
		Getenv: env(map[string]string{
			"OS_AUTH_URL": "https://k.example", "OS_USER_ID": "u", "OS_PASSWORD": secret, "OS_PROJECT_ID": "p", "XDG_CONFIG_HOME": dir,
			"OS_CLOUD": "prod", "OS_CLIENT_CONFIG_FILE": filepath.Join(dir, "openstack", "clouds.yaml"),
		}),
	})
	if err != nil || cloud.Name != "" || cloud.File != "" || cloud.Insecure || cloud.login.auth.UserID != "u" {
		t.Errorf("got %+v, %v", cloud, err)
	}
}

// Nor is a profile of somebody else's put below the user's own password.
func TestConfinedReadsNoProfileThatIsNotRemembered(t *testing.T) {
	file := writeClouds(t, "clouds: {prod: {profile: acme, auth: {user_id: u, project_id: p, password: "+secret+"}}}")
	_, err := Resolve(Options{Cloud: "prod", Confined: true, Getenv: env(map[string]string{"OS_CLIENT_CONFIG_FILE": file, "XDG_CONFIG_HOME": evil(t)})})
	if config, ok := errors.AsType[*ConfigError](err); !ok || !strings.HasPrefix(config.Reason, "there is no auth_url") {
		t.Errorf("the error is %v", err)
	}
}

// Not an error to OpenStack's own clients either.
func TestSecureFileThatIsNamedAndNotThere(t *testing.T) {
	k := newKeystone(t, httpServer)
	home := writeHome(t, k.URL, map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p}}}",
		"secure.yaml": "clouds: {prod: {auth: {password: pw}}}",
	})
	cloud, err := Resolve(Options{Cloud: "prod", Home: home, Getenv: env(map[string]string{"OS_CLIENT_SECURE_FILE": filepath.Join(home, "gone.yaml")})})
	if err != nil {
		t.Fatal(err)
	}
	wantLogin(t, k, cloud, logintest.Files[0].Want)
}

func TestSecureFileThatIsNamed(t *testing.T) {
	k := newKeystone(t, httpServer)
	home := writeHome(t, k.URL, map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p}}}",
		"secure.yaml": "clouds: {prod: {auth: {password: old}}}",
	})
	named := filepath.Join(t.TempDir(), "mine.yaml")
	if err := os.WriteFile(named, []byte("clouds: {prod: {auth: {password: pw}}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	cloud, err := Resolve(Options{Cloud: "prod", Home: home, Getenv: env(map[string]string{"OS_CLIENT_SECURE_FILE": named})})
	if err != nil || cloud.SecureFile != named {
		t.Fatalf("%+v, %v", cloud, err)
	}
	wantLogin(t, k, cloud, logintest.Files[0].Want)
}

// A clouds.yaml that a kubeconfig's environment chose would send the password
// of secure.yaml to whom it likes.
func TestConfinedGivesNoSecretsToAnyClouds(t *testing.T) {
	home := writeHome(t, "https://k.example", map[string]string{"secure.yaml": "clouds: {prod: {auth: {password: " + secret + "}}}"})
	o := Options{
		Cloud: "prod", Home: home, Confined: true,
		Getenv: env(map[string]string{"OS_CLIENT_CONFIG_FILE": filepath.Join(evil(t), "openstack", "clouds.yaml")}),
	}
	_, err := Resolve(o)
	config, ok := errors.AsType[*ConfigError](err)
	if !ok || config.Reason != "there is no password" {
		t.Errorf("the error is %v", err)
	}
	o.Confined = false
	if cloud, err := Resolve(o); err != nil || cloud.login.auth.Password != secret {
		t.Errorf("not confined: %v", err)
	}
}

// A fault is said with the file that has it, and a relative path starts there.
func TestFaultsOfFilesBesideClouds(t *testing.T) {
	cloud := "clouds: {prod: {profile: acme, auth: {auth_url: 'http://k', user_id: u, project_id: p, password: " + secret + "}}}"
	for _, test := range []struct {
		file, text string
		line       int
		reason     string
	}{
		{"secure.yaml", "clouds:\n  prod:\n    verify: perhaps", 3, "verify is neither true nor false"},
		{"secure.yaml", "clouds:\n  prod: " + secret, 2, `cloud "prod" is not a mapping`},
		{"secure.yaml", "clouds: [" + secret + "]", 1, "clouds is not a mapping"},
		{"secure.yaml", "clouds:\n\tprod", 2, "not valid YAML: found character that cannot start any token"},
		{"clouds-public.yaml", "public-clouds:\n  acme:\n    interface: private", 3, "interface is none of public, internal, admin"},
		{"clouds-public.yaml", "public-clouds: 1", 1, "public-clouds is not a mapping"},
		{"clouds-public.yaml", "public-clouds:\n  acme:\n    cacert: ca.pem", 3, ""},
	} {
		home := writeHome(t, "", map[string]string{"clouds.yaml": cloud, test.file: test.text})
		dir := filepath.Join(home, ".config", "openstack")
		_, err := Resolve(Options{Cloud: "prod", Home: home, Getenv: noEnv})
		config, ok := errors.AsType[*ConfigError](err)
		if !ok || config.File != filepath.Join(dir, test.file) || config.Line != test.line || test.reason != "" && config.Reason != test.reason {
			t.Errorf("%s %q: %v", test.file, test.text, err)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("tells the secret: %v", err)
		}
	}
	home := writeHome(t, "", map[string]string{"clouds.yaml": cloud, "clouds-public.yaml": "public-clouds: {acme: {cacert: ca.pem}}"})
	if err := os.WriteFile(filepath.Join(home, ".config", "openstack", "ca.pem"), []byte(certificatePEM(newKeystone(t, httptest.NewTLSServer))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Resolve(Options{Cloud: "prod", Home: home, Getenv: noEnv}); err != nil {
		t.Errorf("a path relative to clouds-public.yaml: %v", err)
	}
}
