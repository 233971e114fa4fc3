// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// confinedEnv is an openrc file's variables and whatever a test adds.
func confinedEnv(more map[string]string) func(string) string {
	env := map[string]string{
		"OS_USERNAME": "alice", "OS_PASSWORD": "pw", "OS_PROJECT_NAME": "demo",
		"OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
	}
	for name, value := range more {
		env[name] = value
	}
	return func(name string) string { return env[name] }
}

// The environment of a credential call may come from anybody's kubeconfig: it
// must not choose where a password goes.
func TestConfinedLoginGoesWhereItWent(t *testing.T) {
	const want, other = "https://k.example/v3", "https://evil.example/v3"
	o := Options{Confined: true, AuthURL: want, Getenv: confinedEnv(map[string]string{"OS_AUTH_URL": other})}
	_, err := Resolve(o)
	otherCloud, ok := errors.AsType[*OtherCloudError](err)
	if !ok || otherCloud.Want != want || otherCloud.AuthURL != other {
		t.Errorf("another Keystone: %v", err)
	}
	o.Getenv = confinedEnv(map[string]string{"OS_AUTH_URL": want})
	if _, err := Resolve(o); err != nil {
		t.Errorf("the same Keystone: %v", err)
	}
}

func TestConfinedIgnoresTheEnvironment(t *testing.T) {
	o := Options{Confined: true, AuthURL: "https://k.example/v3", Interface: "internal", Endpoint: "https://m.example/v1", Getenv: confinedEnv(map[string]string{
		"OS_AUTH_URL": "https://k.example/v3", "OS_INTERFACE": "admin", "OS_ENDPOINT_TYPE": "admin", "OS_INSECURE": "true",
		"OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": "https://evil.example/v1", "OS_CACERT": "/evil.pem",
	})}
	cloud, err := Resolve(o)
	if err != nil {
		t.Fatal(err)
	}
	if cloud.Interface != "internal" || cloud.Endpoint != "https://m.example/v1" || cloud.Insecure || cloud.CACert != "" || cloud.File != "" {
		t.Errorf("got %+v", cloud)
	}
	o.Insecure = true
	if cloud, err := Resolve(o); err != nil || !cloud.Insecure {
		t.Errorf("both say so: %+v, %v", cloud, err)
	}
	o.Getenv = confinedEnv(map[string]string{"OS_AUTH_URL": "https://k.example/v3"})
	if cloud, err := Resolve(o); err != nil || cloud.Insecure {
		t.Errorf("once insecure, always insecure: %+v, %v", cloud, err)
	}
}

// A kubeconfig that was carried to a machine where config never ran.
func TestConfinedWithNothingRemembered(t *testing.T) {
	cloud, err := Resolve(Options{Confined: true, Getenv: confinedEnv(map[string]string{
		"OS_AUTH_URL": "https://k.example/v3", "OS_INTERFACE": "internal", "OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": "https://m.example/v1",
	})})
	if err != nil || cloud.Interface != "internal" || cloud.Asked != "internal" || cloud.Endpoint != "https://m.example/v1" {
		t.Errorf("OS_* variables are all there is: %+v, %v", cloud, err)
	}
}

// A file of somebody's choice with a password of the user's: only where it is
// known that they belong together.
func TestConfinedDoesNotMixSecrets(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clouds.yaml")
	text := "clouds: {c: {auth: {auth_url: https://k.example/v3, username: alice, project_name: demo, user_domain_name: D, project_domain_name: D}}}"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Cloud: "c", File: file, Getenv: confinedEnv(nil)}
	if _, err := Resolve(o); err != nil {
		t.Errorf("not confined: %v", err)
	}
	o.Confined = true
	if _, err := Resolve(o); !errors.As(err, new(*ConfigError)) {
		t.Errorf("confined: %v", err)
	}
	o.AuthURL = "https://k.example/v3"
	if _, err := Resolve(o); err != nil {
		t.Errorf("where it always went: %v", err)
	}
}
