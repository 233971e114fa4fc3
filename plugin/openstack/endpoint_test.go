// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

func TestContainerInfra(t *testing.T) {
	for _, test := range []struct {
		name, more string
		want       string // "" stands for Keystone's server
		err        error
	}{
		{"the first, without a region", "", "", nil},
		{"a region, and /v1 where the catalog has none", "    region_name: Two", "https://two.invalid/magnum/v1/", nil},
		{"an interface", "    interface: internal", "https://internal.invalid/v1/", nil},
		{"a former interface", "    endpoint_type: internalURL", "https://internal.invalid/v1/", nil},
		{"an override", "    container_infra_endpoint_override: https://own.invalid/", "https://own.invalid/v1/", nil},
		{"another region", "    region_name: Three", "", &NoEndpointError{
			Service: "container-infra", Interface: "public", Region: "Three", Have: []string{"One", "Two"},
		}},
		{"an interface that is not there", "    interface: admin", "", &NoEndpointError{Service: "container-infra", Interface: "admin"}},
		{"a password in the URL", "    container_infra_endpoint_override: https://a:" + secret + "@own.invalid/", "", &BadAnswerError{
			Service: "Keystone", Reason: "has a catalog whose endpoint of container-infra holds a user name or password",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := newKeystone(t, httpServer)
			session, err := connect(t.Context(), t, k, test.more)
			if err != nil {
				t.Fatal(err)
			}
			service, err := session.ContainerInfra()
			if diff := cmp.Diff(test.err, err); diff != "" {
				t.Fatal(diff)
			}
			if n := len(k.requests()); n != 1 {
				t.Errorf("%d requests, want one", n)
			}
			if err != nil {
				if session.Verified() {
					t.Error("verified without an endpoint")
				}
				return
			}
			if test.want == "" {
				test.want = k.URL + "/v1/"
			}
			if service.Endpoint != test.want {
				t.Errorf("endpoint %q, want %q", service.Endpoint, test.want)
			}
		})
	}
}

func TestServiceTypes(t *testing.T) {
	cloud := Cloud{Interface: "public", login: &login{}}
	for _, name := range []string{"container-infra", "container-infrastructure", "container-infrastructure-management"} {
		catalog := []tokens.CatalogEntry{{Type: name, Endpoints: []tokens.Endpoint{{Interface: "public", URL: "https://m/v1"}}}}
		if u, _, err := cloud.containerInfra(catalog, nil); err != nil || u.String() != "https://m/v1/" {
			t.Errorf("%s: %v, %v", name, u, err)
		}
	}
}

// TestServiceRequest: what Magnum sees, and that its 401 is no login's.
func TestServiceRequest(t *testing.T) {
	k := newKeystone(t, httpServer)
	service := client(t, k, jsonAnswer(http.StatusUnauthorized, `{"error": {"message": "The request you have made requires authentication."}}`))
	err := ask(t.Context(), service, "GET", "clusters")
	want := &AuthError{Service: "Magnum", Detail: "The request you have made requires authentication."}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Error(diff)
	}
	r := k.requests()[0]
	if r.Path != "/v1/clusters" || r.Header.Get("X-Auth-Token") != "fresh-token" || r.Header.Get("Openstack-Api-Version") != "" {
		t.Errorf("%s with %v", r.Path, r.Header)
	}
	if len(k.requests()) != 1 {
		t.Error("logged in again")
	}
}

// TestTokenInAnswer: an error page that repeats the token is not shown.
func TestTokenInAnswer(t *testing.T) {
	k := newKeystone(t, httpServer)
	service := client(t, k, jsonAnswer(http.StatusInternalServerError, `{"errors": [{"detail": "X-Auth-Token: fresh-token"}]}`))
	err := ask(t.Context(), service, "GET", "clusters")
	got, ok := errors.AsType[*ServiceError](err)
	if !ok || got.Code != 500 || got.Detail != withheld {
		t.Errorf("the error is %v", err)
	}
}
