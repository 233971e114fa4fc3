// SPDX-License-Identifier: Apache-2.0

package magnumtest

import "net/http"

func (s *Server) magnumRoot(r *http.Request) answer {
	return jsonAnswer(http.StatusOK, object{
		{"name", "OpenStack Magnum API"},
		{"description", "Magnum is an OpenStack project which aims to provide container cluster management."},
		{"versions", []object{{
			{"id", "v1"},
			{"links", []object{link("http://"+r.Host+"/v1/", "self")}},
			{"status", "CURRENT"},
			{"max_version", s.release.latest.String()},
			{"min_version", oldest.String()},
		}}},
	})
}

func link(href, rel string) object { return object{{"href", href}, {"rel", rel}} }

// links are the two that Magnum gives everything it shows.
func links(base, resource, id string) []object {
	return []object{
		link(base+"/v1/"+resource+"/"+id, "self"),
		link(base+"/"+resource+"/"+id, "bookmark"),
	}
}

// resources are the names below /v1.
func (r release) resources() []string {
	names := []string{
		"baymodels", "bays", "clustertemplates", "clusters", "quotas", "certificates", "mservices", "stats",
		"federations", "nodegroups",
	}
	if r.bays {
		return names
	}
	return append(names[2:], "credentials")
}

func (s *Server) v1(base string) object {
	o := object{
		{"id", "v1"},
		{"media_types", []object{{
			{"base", "application/json"}, {"type", "application/vnd.openstack.magnum.v1+json"},
		}}},
		{"links", []object{
			link(base+"/v1/", "self"),
			append(link("http://docs.openstack.org/developer/magnum/dev/api-spec-v1.html", "describedby"),
				member{"type", "text/html"}),
		}},
	}
	for _, name := range s.release.resources() {
		shown := links(base, name, "")
		if name == "nodegroups" {
			shown = links(base, "clusters/{cluster_id}", name)
		}
		o = append(o, member{name, shown})
	}
	return o
}
