// SPDX-License-Identifier: Apache-2.0

package logintest

// FileCase is a login to which files beside clouds.yaml may add.
type FileCase struct {
	Case
	Region  string
	Secure  bool // secure.yaml says something of the cloud
	Profile bool // clouds-public.yaml does
}

const loginAsU = `{"identity": {"methods": ["password"], "password": {"user": {"id": "u", "password": "pw"}}}, "scope": {"project": {"id": "p"}}}`

// Files are passwords in a file of their own, and what a provider's clouds have
// in common in another.
//
// https://docs.openstack.org/openstacksdk/latest/user/config/configuration.html
var Files = []FileCase{
	{Case{Name: "a password in secure.yaml", Want: loginAsU, Files: map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p}}}",
		"secure.yaml": "clouds: {prod: {auth: {password: pw}}, dev: {auth: {password: other}}}",
	}}, "", true, false},
	{Case{Name: "secure.yaml counts more", Want: loginAsU, Files: map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: old}}}",
		"secure.yml":  "clouds: {prod: {auth: {password: pw}}}",
	}}, "", true, false},
	{Case{Name: "secure.yaml says nothing of the cloud", Want: loginAsU, Files: map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}}}",
		"secure.yaml": "clouds: {dev: {auth: {password: other}}}",
	}}, "", false, false},
	{Case{Name: "secure.yaml is empty", Want: loginAsU, Files: map[string]string{
		"clouds.yaml": "clouds: {prod: {auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}}}",
		"secure.yaml": "",
	}}, "", false, false},
	{Case{Name: "a profile has the address and the regions", Want: loginAsU, Files: map[string]string{
		"clouds.yaml":        "clouds: {prod: {profile: acme, auth: {user_id: u, project_id: p, password: pw}}}",
		"clouds-public.yaml": "public-clouds: {acme: {auth: {auth_url: KEYSTONE}, regions: [One, Two], interface: public}}",
	}}, "One", false, true},
	{Case{Name: "the cloud counts more than its profile, called by its former name", Want: loginAsU, Files: map[string]string{
		"clouds.yaml":        "clouds: {prod: {cloud: acme, region_name: Two, auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}}}",
		"clouds-public.yaml": "public-clouds: {acme: {region_name: One, auth: {auth_url: 'http://other.invalid', password: old}}}",
	}}, "Two", false, true},
	{Case{Name: "its own region counts more than the profile's", Want: loginAsU, Files: map[string]string{
		"clouds.yaml":        "clouds: {prod: {profile: acme, region_name: Two, auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}}}",
		"clouds-public.yaml": "public-clouds: {acme: {regions: [{name: One, values: {auth: {project_id: other}}}, Two]}}",
	}}, "Two", false, true},
	{Case{Name: "all three", Want: loginAsU, Files: map[string]string{
		"clouds.yaml":        "clouds: {prod: {profile: acme, auth: {user_id: u, project_id: p}}}",
		"secure.yaml":        "clouds: {prod: {auth: {password: pw}}}",
		"clouds-public.yaml": "public-clouds: {acme: {region_name: One, auth: {auth_url: KEYSTONE, password: old}}}",
	}}, "One", true, true},
	{Case{Name: "a profile that nobody knows, and that is not needed", Want: loginAsU, Files: map[string]string{
		"clouds.yaml":        "clouds: {prod: {profile: gone, auth: {auth_url: KEYSTONE, user_id: u, project_id: p, password: pw}}}",
		"clouds-public.yaml": "public-clouds: {acme: {region_name: One}}",
	}}, "", false, false},
}
