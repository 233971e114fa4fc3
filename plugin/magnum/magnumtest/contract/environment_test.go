// SPDX-License-Identifier: Apache-2.0

package contract_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum/magnumtest/contract"
)

func fromEnv(env map[string]string) (contract.Target, bool, error) {
	return contract.FromEnv(func(name string) string { return env[name] })
}

func TestFromEnv(t *testing.T) {
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	const clouds = `{clouds: {
  alice: {auth: {auth_url: "http://k/v3", username: alice, password: pw, project_name: demo}},
  alice-appcred: {auth: {auth_url: "http://k/v3", application_credential_id: i, application_credential_secret: s}}}}`
	if err := os.WriteFile(path, []byte(clouds), 0o600); err != nil {
		t.Fatal(err)
	}
	got, ok, err := fromEnv(map[string]string{"MAGNUM_CONTRACT_CLOUDS": path, "MAGNUM_CONTRACT_POLICY": "project"})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	want := contract.Target{
		KeystoneURL: "http://k/v3", Policy: "project",
		Clouds: map[string]contract.Cloud{
			"alice":         {Username: "alice", Password: "pw", Project: "demo"},
			"alice-appcred": {CredentialID: "i", CredentialSecret: "s"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFromEnvWithoutATarget(t *testing.T) {
	if _, ok, err := fromEnv(nil); ok || err != nil {
		t.Errorf("no variable: %v, %v", ok, err)
	}
	gone := filepath.Join(t.TempDir(), "clouds.yaml")
	if _, ok, err := fromEnv(map[string]string{"MAGNUM_CONTRACT_CLOUDS": gone}); !ok || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v, %v", ok, err)
	}
	for _, text := range []string{"", "clouds: [", "clouds: {}"} {
		if _, err := contract.FromClouds([]byte(text)); err == nil {
			t.Errorf("a target out of %q", text)
		}
	}
}
