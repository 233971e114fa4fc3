// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"regexp"
	"strings"
)

// changes are what a release does differently from base in every answer of a
// kind. What it does differently in one answer is on record as that answer.
var changes = map[int]func(answer string) string{23: as23}

var (
	serviceWord = regexp.MustCompile(`(?m)^(Openstack-Api-[\w-]+): container-infra `)
	newest      = regexp.MustCompile(`(?m)^(Openstack-Api-[\w-]+: [\w-]+) 1\.10$`)
	asNewest    = regexp.MustCompile(`(?m)^Openstack-Api-Version: [\w-]+ 1\.14$`)
	bayUUID     = regexp.MustCompile(`"bay_uuid": "[^"]*", `)
)

// as23 turns an answer of Magnum 15 into one of Magnum 23: the service goes by
// another word and has more microversions, a stack is a cluster from 1.13 on,
// bays are forgotten, templates name a driver and certificates have a
// subjectKeyIdentifier, the last of their extensions.
func as23(answer string) string {
	answer = serviceWord.ReplaceAllString(answer, "$1: container-infrastructure-management ")
	answer = newest.ReplaceAllString(answer, "$1 1.14")
	answer = bayUUID.ReplaceAllString(answer, "")
	if asNewest.MatchString(answer) {
		answer = strings.ReplaceAll(answer, `"stack_id"`, `"cluster_id"`)
	}
	answer = strings.NewReplacer(
		`"max_version": "1.10"`, `"max_version": "1.14"`,
		`"tags": null,`, `"tags": null, "driver": null,`,
	).Replace(answer)
	if strings.Contains(answer, "\ngood for ") {
		answer += "extension 2.5.29.14: the key's SHA-1\n"
	}
	return answer
}
