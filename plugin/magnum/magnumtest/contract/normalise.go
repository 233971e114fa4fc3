// SPDX-License-Identifier: Apache-2.0

package contract

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// shownHeaders are compared; the rest is the web server's.
var shownHeaders = []string{
	"Allow", "Content-Type", "Location", "Openstack-Api-Maximum-Version", "Openstack-Api-Minimum-Version",
	"Openstack-Api-Version", "Vary", "Www-Authenticate", "X-Subject-Token",
}

// describe is a question and its answer as text that is the same on every
// target.
func (a *asker) describe(q question, r reply) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", q.method, q.path)
	if q.as != "" {
		fmt.Fprintf(&b, " as %s", q.as)
	}
	fmt.Fprintf(&b, "\n%d %s\n", r.status, http.StatusText(r.status))
	for _, name := range shownHeaders {
		for _, value := range r.header.Values(name) {
			switch name {
			case "X-Subject-Token":
				value = "<token>"
			case "Allow":
				value = sortList(value)
			}
			fmt.Fprintf(&b, "%s: %s\n", name, a.normalise(value))
		}
	}
	body := a.normalise(string(r.body))
	if q.mask != nil {
		body = q.mask.ReplaceAllString(body, `"$1": "<words>"`)
	}
	b.WriteString(body)
	if body != "" && !strings.HasSuffix(body, "\n") {
		b.WriteString("\n(no newline)\n")
	}
	return b.String()
}

// pattern is something that differs from target to target, and what stands
// for it. In a replacement # is the number of the value within the answer.
type pattern struct {
	is   *regexp.Regexp
	with string
}

var patterns = []pattern{
	{regexp.MustCompile(`-----BEGIN [A-Z ]+-----[A-Za-z0-9+/=\\]{60,}-----END [A-Z ]+-----`), "<pem>"},
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "<uuid#>"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "<id#>"},
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|\+00:00)`), "<time>$1"},
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"`), `"<time> in seconds"`},
	{regexp.MustCompile(`"(https?)://[^/"]+"`), `"$1://<address>"`},
}

// fields are members whose values are the target's own.
var fields = []pattern{
	{regexp.MustCompile(`("secret": )"[\w-]{86}"`), `$1"<secret>"`},
	{regexp.MustCompile(`("audit_ids": )\[("[\w-]{22}"(, )?)+\]`), `$1["<audit>"]`},
	{regexp.MustCompile(`("application_credential": \{"id": "[^"]*", "name": )"[^"]*"`), `$1"<name>"`},
	{regexp.MustCompile(`(\[SQL: ).*?( \\nFROM cluster .*sqlalche\.me/e/)\d+`), `$1<columns>$2<version>`},
	{regexp.MustCompile(`("status_reason": )"([^'"][^"]*)"`), `$1"<words>"`},
}

// normalise replaces what differs between two targets of one release.
func (a *asker) normalise(text string) string {
	text = strings.ReplaceAll(text, strings.TrimSuffix(a.target.KeystoneURL, "/v3"), "<keystone>")
	text = strings.ReplaceAll(text, a.magnum, "<magnum>")
	for id, name := range a.names {
		text = strings.ReplaceAll(text, id, name)
	}
	for _, f := range fields {
		text = f.is.ReplaceAllString(text, f.with)
	}
	text = sortSets(text)
	for _, p := range patterns {
		text = p.number(text)
	}
	return text
}

// number gives each value its own number, so that an answer that mixes two ids
// up is another answer.
func (p pattern) number(text string) string {
	var seen []string
	return p.is.ReplaceAllStringFunc(text, func(value string) string {
		i := slices.Index(seen, value)
		if i < 0 {
			i = len(seen)
			seen = append(seen, value)
		}
		return strings.ReplaceAll(p.is.ReplaceAllString(value, p.with), "#", fmt.Sprint(i+1))
	})
}

var (
	sets    = regexp.MustCompile(`"(?:roles|access_rules|methods)": \[[^\]]*\]`)
	element = regexp.MustCompile(`\{[^}]*\}|"[^"]*"`)
	setID   = regexp.MustCompile(`"id": "[0-9a-f]{32}"`)
)

// sortSets orders the lists that Keystone gives in any order.
func sortSets(text string) string {
	return sets.ReplaceAllStringFunc(text, func(list string) string {
		name, rest, _ := strings.Cut(list, "[")
		elements := element.FindAllString(setID.ReplaceAllString(rest, `"id": "<id>"`), -1)
		slices.Sort(elements)
		return name + "[" + strings.Join(elements, ", ") + "]"
	})
}

// sortList orders a header that lists methods.
func sortList(value string) string {
	methods := strings.Split(value, ", ")
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}
