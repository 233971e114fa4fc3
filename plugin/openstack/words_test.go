// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// TestWordsOfServers: whatever part of an answer ends in an error, the error is
// one short line without the password.
func TestWordsOfServers(t *testing.T) {
	long := strings.Repeat("long ", 20_000)
	redirect, body := "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ", "\r\nConnection: close\r\n\r\n"
	for name, answer := range map[string]string{
		"no header":             "HTTP/1.1 200 OK\r\n" + long + secret + "\r\n\r\n",
		"no header, short":      "HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n",
		"a header without end":  "HTTP/1.1 200 OK\r\nX: " + strings.Repeat(long, 40),
		"no status":             "HTTP/1.1 " + secret + "\r\n\r\n",
		"no HTTP":               secret + long + "\r\n\r\n",
		"a length":              "HTTP/1.1 200 OK\r\nContent-Length: " + secret + "\r\n\r\n",
		"a coding":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + secret + "\r\n\r\n",
		"a redirect":            redirect + "https://" + secret + ".example/" + body,
		"a long redirect":       redirect + "https://" + strings.ReplaceAll(long, " ", ".") + body,
		"no redirect":           redirect + "https://%zz" + secret + body,
		"a status":              "HTTP/1.1 500 " + secret + body + "{}",
		"a request id":          "HTTP/1.1 500 x\r\nX-Openstack-Request-Id: " + secret + body + "{}",
		"a long request id":     "HTTP/1.1 500 x\r\nX-Openstack-Request-Id: " + long + body + "{}",
		"a detail":              "HTTP/1.1 500 x" + body + `{"error": {"message": "` + long + secret + `"}}`,
		"a detail with escapes": "HTTP/1.1 500 x" + body + `{"error": {"message": "\u0068unter2\u002dsecret"}}`,
		"a title":               "HTTP/1.1 200 OK" + body + "<title>hunter2&#45;secret</title>",
		"a long title":          "HTTP/1.1 200 OK" + body + "<title>" + long + "</title>",
		"a number":              "HTTP/1.1 201 OK" + body + `{"token": ` + strings.Repeat("7", 10_000) + `}`,
	} {
		_, err := resolveClouds(t, alice("http://"+rawServer(t, answer), "")).Connect(t.Context(), "test")
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		text := err.Error()
		if n := utf8.RuneCountInString(text); n > 450 || strings.Contains(text, secret) || strings.ContainsAny(text, "\r\n") {
			t.Errorf("%s: the error has %d characters: %.1000s", name, n, text)
		}
	}
}

// TestNumberWhereNoneBelongs: the decoder's errors have all of its digits.
func TestNumberWhereNoneBelongs(t *testing.T) {
	var answer struct{ Count int }
	err := Explain("Magnum", json.Unmarshal([]byte(`{"Count": `+strings.Repeat("7", 1000)+`}`), &answer))
	if want := `the answer of Magnum has a JSON number where "Count" should be of another type`; err.Error() != want {
		t.Errorf("%.1000s", err)
	}
}

// TestWordsOfCatalog: regions and endpoints are Keystone's words, too.
func TestWordsOfCatalog(t *testing.T) {
	var endpoints []tokens.Endpoint
	for i := range 1000 {
		endpoints = append(endpoints, tokens.Endpoint{Interface: "public", Region: fmt.Sprint(secret, i)})
	}
	for i := range 1000 {
		endpoints = append(endpoints, tokens.Endpoint{Interface: "public", Region: fmt.Sprint(i, strings.Repeat("é", 1000))})
	}
	endpoints = append(endpoints, tokens.Endpoint{Interface: "public", Region: "Long", URL: "https://m/" + strings.Repeat("7", 1000)})
	catalog := []tokens.CatalogEntry{{Type: "container-infra", Endpoints: endpoints}}
	cloud := Cloud{Interface: "public", Region: "One", login: &login{}}
	_, _, err := cloud.containerInfra(catalog, secrets{secret})
	if got, ok := errors.AsType[*NoEndpointError](err); !ok || len(got.Have) > 20 || strings.Contains(err.Error(), secret) || len(err.Error()) > 20_000 {
		t.Errorf("the error is %.1000v", err)
	}
	cloud.Region = "Long"
	_, _, err = cloud.containerInfra(catalog, nil)
	if got, ok := errors.AsType[*BadAnswerError](err); !ok || !strings.HasSuffix(got.Reason, "is longer than 500 bytes") {
		t.Errorf("the error is %v", err)
	}
}

// FuzzSaid: what passes is short, can be printed in a line and does not hold
// the secret, in whatever form the server had it.
func FuzzSaid(f *testing.F) {
	f.Add("invalid credentials: ", "hunter2-secret", " (request 7)")
	f.Add("", `pä "ss' <&>\ %`, "")
	f.Add("", "a", "\x1b\xff")
	f.Add("  two ", " spaces  and\ttabs ", " ")
	f.Fuzz(func(t *testing.T, before, planted, after string) {
		if !utf8.ValidString(planted) || strings.ContainsRune(planted, 0) || planted == "" {
			t.Skip("no password")
		}
		inJSON, err := json.Marshal(planted)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{
			planted, string(inJSON), strconv.QuoteToASCII(planted), strconv.Quote(planted),
			url.QueryEscape(planted), url.PathEscape(planted), html.EscapeString(planted),
		} {
			if got := (secrets{"", planted}).said(before + form + after); got != withheld {
				t.Errorf("says %q of %q", got, form)
			}
		}
		got := (secrets{""}).said(before + after)
		if utf8.RuneCountInString(got) > wordsMax || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x1b") {
			t.Errorf("%q", got)
		}
	})
}
