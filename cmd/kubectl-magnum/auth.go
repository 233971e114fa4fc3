// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/pflag"

// What a context's credential can be.
const (
	authCertificate = "certificate"
	authToken       = "token"
)

// authOption is the flag --auth.
type authOption string

func (o *authOption) addFlag(fs *pflag.FlagSet) {
	fs.StringVar((*string)(o), "auth", authCertificate, "`what` kubectl gets: a certificate, or a Keystone token")
}

func (o authOption) isToken() bool { return o == authToken }

// check refuses other values, and with a token the flags of a certificate.
func (o authOption) check(fs *pflag.FlagSet) error {
	if o != authCertificate && o != authToken {
		return usagef("--auth is %q; it is %s or %s", string(o), authCertificate, authToken)
	}
	for _, name := range []string{"user", "group", "max-age", shortLivedFlag} {
		if o.isToken() && fs.Changed(name) {
			return usagef("--%s is about a certificate and does not go with --auth %s", name, authToken)
		}
	}
	return nil
}
