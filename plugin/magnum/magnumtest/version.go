// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// version is a microversion of Magnum's API.
type version struct{ major, minor int }

var oldest = version{1, 1}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) before(w version) bool {
	return v.major < w.major || (v.major == w.major && v.minor < w.minor)
}

// asked is the microversion that a request wants, false if its header cannot
// be read. Without a header it is the oldest; with "latest" the service word
// before it does not matter.
func (r release) asked(h http.Header) (version, bool) {
	if _, ok := h["Openstack-Api-Version"]; !ok {
		return oldest, true
	}
	fields := strings.Fields(h.Get("Openstack-Api-Version"))
	if len(fields) != 2 {
		return version{}, false
	}
	if strings.EqualFold(fields[1], "latest") {
		return r.latest, true
	}
	major, minor, ok := strings.Cut(fields[1], ".")
	a, errA := strconv.Atoi(major)
	b, errB := strconv.Atoi(minor)
	return version{a, b}, ok && errA == nil && errB == nil && slices.Contains(r.words, fields[0])
}

// mark adds the headers that name the microversion.
func (r release) mark(a answer, v version) answer {
	return a.with("Openstack-Api-Version", r.answerWord+" "+v.String()).
		with("Openstack-Api-Minimum-Version", r.answerWord+" "+oldest.String()).
		with("Openstack-Api-Maximum-Version", r.answerWord+" "+r.latest.String()).
		with("Vary", "OpenStack-API-Version")
}

func (r release) supports(v version) bool { return !v.before(oldest) && !r.latest.before(v) }

func (r release) unsupported() answer {
	return jsonAnswer(http.StatusNotAcceptable, object{{"errors", []object{{
		{"max_version", r.latest.String()},
		{"min_version", oldest.String()},
		{"code", "magnum.microversion-unsupported"},
		{"links", []object{{
			{"rel", "help"},
			{"href", "http://docs.openstack.org/api-guide/compute/microversions.html"},
		}}},
		{"title", "Requested microversion is unsupported"},
	}}}})
}
