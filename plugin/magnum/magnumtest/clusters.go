// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// clustersResource is /v1/clusters.
func (s *Server) clustersResource(q *question, path []string) (answer, *fault) {
	if q.Method == http.MethodGet {
		return s.readClusters(q, path)
	}
	if q.Method != http.MethodDelete && q.Method != http.MethodPatch {
		if q.Method == http.MethodPost {
			return notModelled(q.Request), nil
		}
		return answer{}, methodNotAllowed("DELETE, GET, PATCH, POST")
	}
	if len(path) == 0 {
		return answer{}, missingArgument("cluster_ident")
	}
	if len(path) > 1 {
		return notModelled(q.Request), nil
	}
	if q.Method == http.MethodDelete {
		return s.deleteCluster(q, path[0])
	}
	return s.patchCluster(q, path[0])
}

func (s *Server) readClusters(q *question, path []string) (answer, *fault) {
	switch {
	case len(path) > 1:
		return answer{}, &fault{status: http.StatusNotFound}
	case len(path) == 0:
		return s.listClusters(q, "clusters", "cluster:get_all", (*cluster).summary)
	case path[0] == "detail":
		return s.listClusters(q, "clusters/detail", "cluster:detail", (*cluster).detail)
	}
	if f := q.arguments(); f != nil {
		return answer{}, f
	}
	c, f := s.cluster(q.token, path[0], q.token.has("admin"))
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, "cluster:get", c); f != nil {
		return answer{}, f
	}
	if q.token.project == nil {
		return answer{}, errNoMasters
	}
	return jsonAnswer(http.StatusOK, c.single(q)), nil
}

// listClusters shows a page of the clusters that the token sees; an admin's
// sees those of all projects.
func (s *Server) listClusters(
	q *question, resource, action string, show func(*cluster, *question) object,
) (answer, *fault) {
	p, f := q.page()
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, action, nil); f != nil {
		return answer{}, f
	}
	all := s.visible(q.token, q.token.has("admin"))
	shown, f := paginate(p, all, clusterKeys, clusterNotFound)
	if f != nil {
		return answer{}, f
	}
	if q.token.project == nil && len(shown) > 0 {
		return answer{}, errNoMasters
	}
	objects := []object{}
	for _, c := range shown {
		objects = append(objects, show(c, q))
	}
	body := object{{"clusters", objects}}
	if len(shown) == p.limit {
		body = append(body, member{"next", p.next(q.base, resource, shown[len(shown)-1].UUID)})
	}
	return jsonAnswer(http.StatusOK, body), nil
}

// deleteCluster deletes at once. With a real driver the cluster is
// DELETE_IN_PROGRESS for minutes.
func (s *Server) deleteCluster(q *question, ident string) (answer, *fault) {
	c, f := s.cluster(q.token, ident, q.token.has("admin"))
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, "cluster:delete", c); f != nil {
		return answer{}, f
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clusters = slices.DeleteFunc(s.clusters, func(have *cluster) bool { return have.UUID == c.UUID })
	return answer{status: http.StatusNoContent}, nil
}

// patchCluster refuses what Magnum refuses; the changes it allows need Heat.
func (s *Server) patchCluster(q *question, ident string) (answer, *fault) {
	var patch []struct {
		Path string `json:"path"`
	}
	if json.Unmarshal(q.body, &patch) != nil {
		return notModelled(q.Request), nil
	}
	c, f := s.cluster(q.token, ident, q.token.has("admin"))
	if f != nil {
		return answer{}, f
	}
	if f := s.enforce(q.token, "cluster:update", c); f != nil {
		return answer{}, f
	}
	for _, p := range patch {
		switch name := strings.TrimPrefix(p.Path, "/"); name {
		case "node_count", "health_status", "health_status_reason":
		default:
			return answer{}, faultf(http.StatusBadRequest, "cannot change cluster property(ies) %s.", name)
		}
	}
	return notModelled(q.Request), nil
}
