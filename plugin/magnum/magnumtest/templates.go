// SPDX-License-Identifier: Apache-2.0

package magnumtest

import "net/http"

// templatesResource is /v1/clustertemplates. All templates are
// public, so no policy is asked.
func (s *Server) templatesResource(q *question, path []string) (answer, *fault) {
	if q.Method != http.MethodGet || len(path) > 1 {
		return notModelled(q.Request), nil
	}
	if len(path) == 0 || path[0] == "detail" {
		return s.listTemplates(q, path)
	}
	if f := q.arguments(); f != nil {
		return answer{}, f
	}
	for _, t := range s.templates {
		if t.uuid == path[0] || t.name == path[0] {
			return jsonAnswer(http.StatusOK, s.templateJSON(t, q.base)), nil
		}
	}
	return answer{}, templateNotFound(path[0])
}

func templateNotFound(ident string) *fault {
	return faultf(http.StatusNotFound, "ClusterTemplate %s could not be found.", ident)
}

var templateKeys = sortKeys[*template]{
	"uuid": func(t *template) string { return t.uuid },
	"name": func(t *template) string { return t.name },
}

func (s *Server) listTemplates(q *question, path []string) (answer, *fault) {
	p, f := q.page()
	if f != nil {
		return answer{}, f
	}
	shown, f := paginate(p, append([]*template(nil), s.templates...), templateKeys, templateNotFound)
	if f != nil {
		return answer{}, f
	}
	objects := []object{}
	for _, t := range shown {
		objects = append(objects, s.templateJSON(t, q.base))
	}
	body := object{{"clustertemplates", objects}}
	if len(shown) == p.limit {
		resource := "clustertemplates"
		if len(path) > 0 {
			resource += "/detail"
		}
		body = append(body, member{"next", p.next(q.base, resource, shown[len(shown)-1].uuid)})
	}
	return jsonAnswer(http.StatusOK, body), nil
}

func (s *Server) templateJSON(t *template, base string) object {
	o := object{
		{"uuid", t.uuid},
		{"name", t.name},
		{"coe", "kubernetes"},
		{"image_id", "fedora-coreos-38"},
		{"flavor_id", "m1.small"},
		{"master_flavor_id", "m1.small"},
		{"dns_nameserver", "192.0.2.53"},
		{"keypair_id", nil},
		{"external_network_id", "public"},
		{"fixed_network", nil},
		{"fixed_subnet", nil},
		{"network_driver", "calico"},
		{"apiserver_port", 6443},
		{"docker_volume_size", nil},
		{"cluster_distro", t.distro},
		{"links", links(base, "clustertemplates", t.uuid)},
		{"http_proxy", nil},
		{"https_proxy", nil},
		{"no_proxy", nil},
		{"volume_driver", "cinder"},
		{"registry_enabled", false},
		{"labels", object{{"kube_tag", kubeTag}}},
		{"tls_disabled", t.tlsDisabled},
		{"public", true},
		{"server_type", "vm"},
		{"insecure_registry", nil},
		{"docker_storage_driver", "overlay2"},
		{"master_lb_enabled", false},
		{"floating_ip_enabled", true},
		{"project_id", t.project},
		{"user_id", t.owner},
		{"hidden", false},
		{"tags", nil},
	}
	if s.release.drivers {
		o = append(o, member{"driver", nil})
	}
	return append(o, member{"created_at", isoTime(t.created)}, member{"updated_at", nil})
}
