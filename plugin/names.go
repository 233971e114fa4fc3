// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the most characters that X.509 allows in a common name or an
// organization (RFC 5280, appendix A.1: ub-common-name, ub-organization-name).
const maxName = 64

// NameError is a user or group that cannot stand in a certificate.
type NameError struct {
	Flag   string // --user or --group, which chooses another
	Name   string
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("the certificate's %s %q %s", strings.TrimPrefix(e.Flag, "--"), e.Name, e.Reason)
}

// checkUser refuses users that Kubernetes keeps for itself: Magnum would sign
// for any of them.
func checkUser(name string) error {
	if strings.HasPrefix(name, "system:") {
		return &NameError{"--user", name, "begins with system:, which Kubernetes keeps for itself"}
	}
	return checkName("--user", name)
}

func checkGroups(names []string) error {
	for _, name := range names {
		if err := checkName("--group", name); err != nil {
			return err
		}
	}
	return nil
}

func checkName(flag, name string) error {
	switch {
	case name == "":
		return &NameError{flag, name, "is empty"}
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return &NameError{flag, name, "has control characters in it"}
	case utf8.RuneCountInString(name) > maxName:
		return &NameError{flag, name, fmt.Sprintf("is longer than the %d characters that X.509 allows", maxName)}
	}
	return nil
}
