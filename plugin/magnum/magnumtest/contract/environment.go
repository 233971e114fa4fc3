// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// FromEnv is the target that the environment names, false if it names none:
//
//	MAGNUM_CONTRACT_CLOUDS  path of a clouds.yaml with the clouds that magnumtest has
//	MAGNUM_CONTRACT_POLICY  "project" if Magnum has that policy
//
// The target has no knobs; see [Target].
func FromEnv(getenv func(string) string) (Target, bool, error) {
	path := getenv("MAGNUM_CONTRACT_CLOUDS")
	if path == "" {
		return Target{}, false, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Target{}, true, err
	}
	target, err := FromClouds(data)
	if err != nil {
		return Target{}, true, fmt.Errorf("read %q: %w", path, err)
	}
	target.Policy = getenv("MAGNUM_CONTRACT_POLICY")
	return target, true, nil
}

// FromClouds is the target that a clouds.yaml describes.
func FromClouds(data []byte) (Target, error) {
	var file struct {
		Clouds map[string]struct {
			Auth struct {
				URL              string `yaml:"auth_url"`
				Username         string `yaml:"username"`
				Password         string `yaml:"password"`
				Project          string `yaml:"project_name"`
				CredentialID     string `yaml:"application_credential_id"`
				CredentialSecret string `yaml:"application_credential_secret"`
			} `yaml:"auth"`
		} `yaml:"clouds"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return Target{}, err
	}
	target := Target{Clouds: map[string]Cloud{}}
	for name, c := range file.Clouds {
		target.KeystoneURL = c.Auth.URL
		target.Clouds[name] = Cloud{
			Username: c.Auth.Username, Password: c.Auth.Password, Project: c.Auth.Project,
			CredentialID: c.Auth.CredentialID, CredentialSecret: c.Auth.CredentialSecret,
		}
	}
	if target.KeystoneURL == "" {
		return Target{}, fmt.Errorf("no auth_url")
	}
	return target, nil
}
