// SPDX-License-Identifier: Apache-2.0

package openstack

// variables maps OS_* variables, without OS_, to settings of clouds.yaml. Of
// two for one setting the first that is set counts. Those that ask for what is
// not supported are here to be refused by name.
var variables = []struct{ name, key string }{
	{"AUTH_URL", "auth_url"},
	{"AUTH_TYPE", "auth_type"},
	{"USERNAME", "username"},
	{"USER_ID", "user_id"},
	{"USERID", "user_id"},
	{"PASSWORD", "password"},
	{"PROJECT_NAME", "project_name"},
	{"TENANT_NAME", "project_name"},
	{"PROJECT_ID", "project_id"},
	{"TENANT_ID", "project_id"},
	{"USER_DOMAIN_NAME", "user_domain_name"},
	{"USER_DOMAIN_ID", "user_domain_id"},
	{"PROJECT_DOMAIN_NAME", "project_domain_name"},
	{"PROJECT_DOMAIN_ID", "project_domain_id"},
	{"DOMAIN_NAME", "domain_name"},
	{"DOMAIN_ID", "domain_id"},
	{"DEFAULT_DOMAIN", "default_domain"},
	{"IDENTITY_API_VERSION", "identity_api_version"},
	{"TOKEN", "token"},
	{"AUTH_TOKEN", "token"},
	{"APPLICATION_CREDENTIAL_ID", "application_credential_id"},
	{"APPLICATION_CREDENTIAL_NAME", "application_credential_name"},
	{"APPLICATION_CREDENTIAL_SECRET", "application_credential_secret"},
	{"REGION_NAME", "region_name"},
	{"INTERFACE", "interface"},
	{"ENDPOINT_TYPE", "interface"},
	{"CONTAINER_INFRA_ENDPOINT_OVERRIDE", "container_infra_endpoint_override"},
	{"CACERT", "cacert"},
	{"CERT", "cert"},
	{"KEY", "key"},
	{"INSECURE", "insecure"},
	{"TRUST_ID", "trust_id"},
	{"SYSTEM_SCOPE", "system_scope"},
	{"PASSCODE", "passcode"},
	{"AUTH_METHODS", "auth_methods"},
}

// environment is the cloud that OS_* variables define. An empty variable is
// one that is not set.
func environment(getenv func(string) string) definition {
	d := definition{values: map[string]setting{}}
	for _, v := range variables {
		if text := getenv("OS_" + v.name); text != "" && d.text(v.key) == "" {
			d.values[v.key] = setting{text: text, from: "OS_" + v.name}
		}
	}
	return d
}
