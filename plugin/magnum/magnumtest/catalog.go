// SPDX-License-Identifier: Apache-2.0

package magnumtest

// Region is the only region of the catalog.
const Region = "RegionOne"

// service is an entry of the catalog; its URL is known to the Server.
type service struct {
	id, kind, name string
	endpoints      []catalogEndpoint
}

type catalogEndpoint struct{ id, face string }

func newCatalog() []service {
	var catalog []service
	for _, s := range []service{{kind: "identity", name: "keystone"}, {kind: "container-infra", name: "magnum"}} {
		s.id = newID()
		for _, face := range []string{"public", "internal", "admin"} {
			s.endpoints = append(s.endpoints, catalogEndpoint{newID(), face})
		}
		catalog = append(catalog, s)
	}
	return catalog
}

// catalogJSON is the catalog as token bodies and GET /v3/auth/catalog have it.
func (s *Server) catalogJSON() []object {
	urls := map[string]string{"keystone": s.keystone.url, "magnum": s.magnum.url}
	var catalog []object
	for _, entry := range s.identity.catalog {
		var endpoints []object
		for _, e := range entry.endpoints {
			endpoints = append(endpoints, object{
				{"id", e.id},
				{"interface", e.face},
				{"region_id", Region},
				{"url", urls[entry.name]},
				{"region", Region},
			})
		}
		catalog = append(catalog, object{
			{"endpoints", endpoints}, {"id", entry.id}, {"type", entry.kind}, {"name", entry.name},
		})
	}
	return catalog
}
