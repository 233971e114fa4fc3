// SPDX-License-Identifier: Apache-2.0

package state

import "regexp"

// Login says how the OpenStack login of one credential was configured when
// its kubeconfig entry was written. kubectl runs in any directory; a
// clouds.yaml that happens to lie there is not the one that was meant.
type Login struct {
	CloudsFile string `json:"clouds_file,omitempty"` // absolute path, "" for the environment alone
	CACert     string `json:"ca_cert,omitempty"`     // --os-cacert, never taken from a kubeconfig
}

var key = regexp.MustCompile(`^[0-9a-z-]+$`)

// Login returns what was remembered under a credential's key.
func (d Dir) Login(id string) (Login, bool) {
	var l Login
	ok := key.MatchString(id) && d.read(&l, "logins", id+".json")
	return l, ok
}

// SetLogin remembers l under a credential's key.
func (d Dir) SetLogin(id string, l Login) error {
	if !key.MatchString(id) {
		return errNotKey
	}
	return d.write(l, "logins", id+".json")
}
