// SPDX-License-Identifier: Apache-2.0

package state

// Login says where the OpenStack login of a kubeconfig entry went when the
// entry was written. kubectl runs in any directory, and the entry's exec env may
// be anybody's: neither shall send the login elsewhere.
type Login struct {
	Cluster    string `json:"cluster,omitempty"`     // UUID
	CloudsFile string `json:"clouds_file,omitempty"` // absolute path, "" for the environment alone
	SecureFile string `json:"secure_file,omitempty"` // likewise, "" for none
	PublicFile string `json:"public_file,omitempty"`
	AuthURL    string `json:"auth_url"`
	CACert     string `json:"ca_cert,omitempty"` // absolute path
	Interface  string `json:"interface,omitempty"`
	Endpoint   string `json:"endpoint,omitempty"` // Magnum's, if not the catalog's
	Insecure   bool   `json:"insecure,omitempty"`
	// Server is the API server that tokens may go to, "" for none.
	Server string `json:"server,omitempty"`

	// Replaceable: it was by a kept login, or one may take its place.
	Replaceable bool `json:"replaceable,omitempty"`
}

// Login returns what was remembered under a key, made of lower-case letters,
// digits and hyphens.
func (d Dir) Login(id string) (Login, bool) {
	var l Login
	ok := validKey(id) && d.read(&l, "logins", id+".json")
	return l, ok
}

// SetLogin remembers l under a key.
func (d Dir) SetLogin(id string, l Login) error {
	if !validKey(id) {
		return errNotKey
	}
	return d.write(l, "logins", id+".json")
}
