// SPDX-License-Identifier: Apache-2.0

package magnumtest

// release is what differs between releases of Magnum (and the Keystone of their
// time), as far as a client can see it.
type release struct {
	latest     version
	words      []string // service words taken in OpenStack-API-Version
	answerWord string   // the one it answers with
	bays       bool     // still speaks of bays beside clusters
	drivers    bool     // templates name a driver
	keyIDs     bool     // its certificates have a subjectKeyIdentifier; a CSR must not
	roles      bool     // policies ask for roles, and so for a scoped token
	ec2        bool     // its Keystone lists EC2 credentials as a method
}

var releases = map[int]release{
	15: {
		latest:     version{1, 10},
		words:      []string{"container-infra"},
		answerWord: "container-infra",
		bays:       true,
	},
	23: {
		latest: version{1, 14},
		words: []string{
			"container-infra", "container-infrastructure", "container-infrastructure-management",
		},
		answerWord: "container-infrastructure-management",
		drivers:    true,
		keyIDs:     true,
		roles:      true,
		ec2:        true,
	},
}
