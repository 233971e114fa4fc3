// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"bytes"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// errorDetail finds the sentence for people in the body of an answer that means
// failure, whatever its Content-Type says: Magnum's is lost behind some servers.
// It knows the shapes of Magnum ("errors", where title is detail cut at the
// first full stop), of Keystone ("error") and of plain WSME ("faultstring"),
// and the title of an HTML page. "" if there is none. It is as the service
// wrote it: see secrets.said.
func errorDetail(body []byte) string {
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return ""
	}
	switch body[0] {
	case '{':
		return jsonDetail(body)
	case '<':
		return htmlTitle(body)
	default:
		return string(body)
	}
}

func jsonDetail(body []byte) string {
	// Each member is decoded on its own, so that an odd one does not hide others.
	var answer map[string]json.RawMessage
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	var items []json.RawMessage
	if json.Unmarshal(answer["errors"], &items) == nil && len(items) > 0 {
		return member(items[0], "detail", "title", "message")
	}
	for _, name := range []string{"error", "error_message"} {
		if text := member(answer[name], "message", "faultstring", "title"); text != "" {
			return text
		}
	}
	if text := moreFactors(answer["required_auth_methods"]); text != "" {
		return text
	}
	return member(body, "faultstring", "message", "detail", "error", "error_message")
}

// moreFactors says what Keystone wants of a user from whom one method is not
// enough. It has no sentence for that, and what was sent was right.
//
// https://docs.openstack.org/keystone/latest/user/multi-factor-authentication.html
func moreFactors(rules json.RawMessage) string {
	var required [][]string
	if json.Unmarshal(rules, &required) != nil {
		return ""
	}
	var ways []string
	for _, methods := range required {
		slices.Sort(methods) // they come in the order of a Python set: any
		ways = append(ways, strings.Join(methods, " and ")+" together")
	}
	if len(ways) == 0 {
		return ""
	}
	return "the user must log in with " + strings.Join(ways, ", or ")
}

// member is the first of the named members of a JSON object that is a text and
// not empty.
func member(object json.RawMessage, names ...string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return ""
	}
	for _, name := range names {
		var text string
		if json.Unmarshal(members[name], &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

var titleElement = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?is)<title[^>]*>([^<]*)</title>`)
})

func htmlTitle(body []byte) string {
	if m := titleElement().FindSubmatch(body); m != nil {
		return html.UnescapeString(string(m[1]))
	}
	return "an HTML page"
}
