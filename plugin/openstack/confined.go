// SPDX-License-Identifier: Apache-2.0

package openstack

import "fmt"

// OtherCloudError says that the login would go to another Keystone than the
// one it is meant for.
type OtherCloudError struct {
	Cloud   string // "" for OS_* variables
	Want    string // Keystone's address as remembered
	AuthURL string // as found now
}

func (e *OtherCloudError) Error() string {
	return fmt.Sprintf("%s logs in at %s, but this context was made with %s", cloudOrEnvironment(e.Cloud), e.AuthURL, e.Want)
}

// confined says whether o's environment is to be doubted: not where it alone
// defines the cloud and nothing is remembered, for then it is all there is.
func (o Options) confined() bool {
	return o.Confined && (o.AuthURL != "" || o.Cloud != "" || o.Getenv("OS_CLOUD") != "")
}

// confinedGetenv is the environment without what could send a login, or the
// token it gives, to somebody else. What an earlier run remembered takes the
// place of what it says; see [Options.Confined].
func (o Options) confinedGetenv() func(string) string {
	insecure := ""
	if o.Insecure {
		insecure = o.Getenv("OS_INSECURE")
	}
	remembered := map[string]string{
		"OS_CACERT":                            "", // Options.CACert
		"OS_ENDPOINT_TYPE":                     "",
		"OS_INTERFACE":                         o.Interface,
		"OS_INSECURE":                          insecure,
		"OS_CONTAINER_INFRA_ENDPOINT_OVERRIDE": o.Endpoint,
	}
	if o.AuthURL != "" && o.File == "" {
		// The login was made of OS_* variables, and of no clouds.yaml.
		for _, name := range []string{"OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"} {
			remembered[name] = ""
		}
	}
	return func(name string) string {
		if value, ok := remembered[name]; ok {
			return value
		}
		return o.Getenv(name)
	}
}

// mayMixSecrets says whether a password of the environment may be used with a
// cloud of clouds.yaml: not if the environment may be somebody's who also chose
// the file, unless it is known where the login has to go.
func (o Options) mayMixSecrets() bool { return !o.Confined || o.AuthURL != "" }
