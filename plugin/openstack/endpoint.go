// SPDX-License-Identifier: Apache-2.0

package openstack

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
)

// keystone is the URL of Keystone's v3 API. Where auth_url names no version,
// /v3 is added instead of asking Keystone, which would cost a request.
func (d definition) keystone() (string, error) {
	raw := d.text("auth_url")
	if raw == "" {
		return "", d.missing("auth_url")
	}
	u, reason := serviceURL(raw)
	if reason != "" {
		return "", d.fault("auth_url", d.label("auth_url")+" "+reason)
	}
	path := strings.TrimRight(u.Path, "/")
	switch path[strings.LastIndexByte(path, '/')+1:] {
	case "v3":
	case "v2.0", "v2":
		return "", d.fault("auth_url", d.label("auth_url")+" is for Keystone's v2.0 API, which is not supported")
	default:
		path += "/v3"
	}
	u.Path = path
	return u.String(), nil
}

// serviceURL parses the URL of a service. What is wrong with it is said without
// quoting it, as it might hold a password.
func serviceURL(raw string) (u *url.URL, reason string) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, "is not a URL"
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, "is not an http or https URL"
	case u.User != nil:
		return nil, "holds a user name or password"
	}
	u.RawPath, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = "", "", false, "", ""
	return u, ""
}

// private says whether what u's server answers cannot have been changed on the
// way, if its certificate is verified.
func private(u *url.URL) bool {
	if u.Scheme == "https" || u.Hostname() == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return err == nil && addr.IsLoopback()
}

func (d definition) endpointInterface() (string, error) {
	switch name := strings.TrimSuffix(d.text("interface"), "URL"); name {
	case "":
		return "public", nil
	case "public", "internal", "admin":
		return name, nil
	}
	return "", d.fault("interface", d.label("interface")+" is none of public, internal, admin")
}

// endpoint is what the definition has in place of the catalog's endpoint of Magnum.
func (d definition) endpoint() string {
	return d.first("container_infrastructure_management_endpoint_override", "container_infra_endpoint_override")
}

// containerInfraTypes are the service type in use, then its official names.
//
// https://service-types.openstack.org/service-types.json
var containerInfraTypes = []string{
	"container-infra", "container-infrastructure", "container-infrastructure-management",
}

// regionsMax is how many regions an error names.
const regionsMax = 20

// containerInfra finds the service's endpoint and the type by which the catalog
// has it. Without a region the first one counts, as with OpenStack's own
// clients. An error says nothing of known.
func (c Cloud) containerInfra(catalog []tokens.CatalogEntry, known secrets) (at *url.URL, kind string, err error) {
	if raw := c.Endpoint; raw != "" {
		at, err = endpointURL(raw)
		return at, containerInfraType(catalog), err
	}
	regions := map[string]bool{}
	for _, service := range catalog {
		if !slices.Contains(containerInfraTypes, service.Type) {
			continue
		}
		for _, e := range service.Endpoints {
			switch {
			case strings.TrimSuffix(e.Interface, "URL") != c.Interface:
			case c.Region == "", c.Region == e.Region, c.Region == e.RegionID:
				at, err = endpointURL(e.URL)
				return at, service.Type, err
			default:
				regions[known.said(e.Region)] = true
			}
		}
	}
	have := slices.Sorted(maps.Keys(regions))
	return nil, "", &NoEndpointError{
		Service: containerInfraTypes[0], Interface: c.Interface, Region: c.Region,
		Have: have[:min(len(have), regionsMax)],
	}
}

// containerInfraType is the type by which a catalog has the service, whatever
// its endpoints.
func containerInfraType(catalog []tokens.CatalogEntry) string {
	for _, service := range catalog {
		if slices.Contains(containerInfraTypes, service.Type) {
			return service.Type
		}
	}
	return containerInfraTypes[0]
}

// urlMax is the longest URL of an endpoint that is taken, in bytes: errors name it.
const urlMax = 500

// endpointURL parses an endpoint and makes it end in /v1/, the one version of
// the API there is, which some catalogs leave out.
func endpointURL(raw string) (*url.URL, error) {
	u, reason := serviceURL(raw)
	if len(raw) > urlMax {
		reason = fmt.Sprintf("is longer than %d bytes", urlMax)
	}
	if reason != "" {
		return nil, &BadAnswerError{Service: "Keystone", Reason: "has a catalog whose endpoint of " + containerInfraTypes[0] + " " + reason}
	}
	u.Path = strings.TrimRight(u.Path, "/")
	if !strings.HasSuffix(u.Path, "/v1") {
		u.Path += "/v1"
	}
	u.Path += "/"
	return u, nil
}
