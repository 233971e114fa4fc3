// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"errors"
	"html"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// wordsMax is how many characters of what a server said are kept.
const wordsMax = 300

// withheld stands for what a server said with a secret in it.
const withheld = "(withheld, as it repeats a secret)"

// secrets are texts that must not come back in an error. Empty ones are none.
type secrets []string

// said makes what a server said fit for an error: one line that can be printed,
// cut if it is long, and nothing of it if it repeats a secret, as debug pages
// and servers that quote a request do. Whatever a server said passes here
// before it becomes part of an error.
func (s secrets) said(text string) string {
	if s.repeated(text) {
		return withheld
	}
	return oneLine(text)
}

// repeated says whether text holds a secret, as it is or as it is written in
// JSON, in a URL, in HTML or between quotes.
func (s secrets) repeated(text string) bool {
	for _, secret := range s {
		if secret == "" {
			continue
		}
		inJSON, _ := json.Marshal(secret)
		for _, form := range []string{
			secret, strings.Trim(string(inJSON), `"`), inner(strconv.Quote(secret)), inner(strconv.QuoteToASCII(secret)),
			url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		} {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// inner is what is between quotes.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// harmless is err in words that have passed said. An error of dialing is as it
// was: no server has said anything yet.
func (s secrets) harmless(err error) error {
	if failed, ok := errors.AsType[*net.OpError](err); ok && failed.Op == "dial" {
		return err
	}
	text := err.Error()
	if said := s.said(text); said != text {
		return saidError{text: said, err: err}
	}
	return err
}

// saidError is an error in other words.
type saidError struct {
	text string
	err  error
}

func (e saidError) Error() string { return e.text }
func (e saidError) Unwrap() error { return e.err }

// oneLine makes text printable in one line: white space becomes one space,
// whatever else is not printable U+FFFD, and a long text is cut.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	if runes := []rune(text); len(runes) > wordsMax {
		return string(runes[:wordsMax-3]) + "..."
	}
	return text
}
