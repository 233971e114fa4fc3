// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// details are bodies, most of them as real services send them.
var details = []struct{ body, want string }{
	{`{"errors": [{"request_id": "", "code": "client", "status": 409, "title": "Multiple clusters exist with same name", "detail": "Multiple clusters exist with same name. Please use the cluster uuid instead.", "links": []}]}`, "Multiple clusters exist with same name. Please use the cluster uuid instead."},
	{`{"errors":[{"max_version":"1.12","min_version":"1.1","code":"magnum.microversion-unsupported","title":"Requested microversion is unsupported"}]}`, "Requested microversion is unsupported"},
	{`{"errors": [{"request_id": "", "code": "", "status": 404, "title": "", "detail": "", "links": []}]}`, ""},
	{`{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}`, "The request you have made requires authentication."},
	{`{"error_message": {"debuginfo": null, "faultcode": "Client", "faultstring": "No."}}`, "No."},
	{`{"error_message": "no"}`, "no"},
	{`{"debuginfo": null, "faultcode": "Server", "faultstring": "Cannot load 'csr' in the base class"}`, "Cannot load 'csr' in the base class"},
	{`{"error": "no", "errors": {}}`, "no"},
	{`{"errors": [{"detail": 7, "title": "t"}]}`, "t"},
	{`{"errors": ["x"], "message": "m"}`, ""},
	{`{"errors": [`, ""},
	{`{"receipt":{"methods":["password"],"user":{"id":"u"}},"required_auth_methods":[["totp","password"]]}`, "the user must log in with password and totp together"},
	{`{"required_auth_methods":[["password","totp"],["token","mapped"]]}`, "the user must log in with password and totp together, or mapped and token together"},
	{`{"required_auth_methods":[],"message":"m"}`, "m"},
	{`{"required_auth_methods":["password"]}`, ""},
	{`<html><head><title>504 Gateway
Time-out</title></head>`, "504 Gateway Time-out"},
	{`<title>Can&#39;t &lt;do&gt;</title>`, "Can't <do>"},
	{`<p>`, "an HTML page"},
	{"  upstream connect error  ", "upstream connect error"},
	{"bell \a and escape \x1b[31m and bad \xff", "bell \uFFFD and escape \uFFFD[31m and bad \uFFFD"},
	{"", ""},
}

func told(body []byte) string { return secrets(nil).said(errorDetail(body)) }

func TestErrorDetail(t *testing.T) {
	for _, test := range details {
		if got := told([]byte(test.body)); got != test.want {
			t.Errorf("%s: %q, want %q", test.body, got, test.want)
		}
	}
	long := told([]byte(strings.Repeat("ä", 1000)))
	if utf8.RuneCountInString(long) != wordsMax || !strings.HasSuffix(long, "ä...") {
		t.Errorf("a long text becomes %q", long)
	}
}

// FuzzErrorDetail: whatever the body, what comes out can be printed in a line.
func FuzzErrorDetail(f *testing.F) {
	for _, seed := range details {
		f.Add([]byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		text := told(body)
		if utf8.RuneCountInString(text) > wordsMax || !utf8.ValidString(text) {
			t.Errorf("%q", text)
		}
		for _, r := range text {
			if !unicode.IsPrint(r) && r != unicode.ReplacementChar {
				t.Errorf("%q has %U", text, r)
			}
		}
	})
}
