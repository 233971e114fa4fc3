// SPDX-License-Identifier: Apache-2.0

package openstack

import "testing"

func TestParseRequest(t *testing.T) {
	for _, c := range []struct {
		line string
		want Request
		ok   bool
	}{
		{"1.234 GET /v1/clusters/prod 200 kubectl-magnum/1 gophercloud/v2.15.0\n", Request{"", "GET", "/v1/clusters/prod", 200, 1.234}, true},
		{"1.234 POST /v3/auth/tokens 401 12ms 114 Go-http-client/1.1\n", Request{"", "POST", "/v3/auth/tokens", 401, 1.234}, true},
		{"1.234 POST /v3/auth/tokens 201 magnum-api keystoneauth1/5.0.0 python-requests/2.28.1 CPython/3.11.2\n", Request{}, false},
		{"1.234 GET /v1\n", Request{}, false},
		{"1.234 GET /v1 - x\n", Request{}, false},
		{"Serving GET /v1 200 x\n", Request{}, false},
		{"\n", Request{}, false},
	} {
		got, ok := parseRequest(c.line)
		if ok != c.ok || ok && got != c.want {
			t.Errorf("parseRequest(%q) = %v, %v; want %v, %v", c.line, got, ok, c.want, c.ok)
		}
	}
}
