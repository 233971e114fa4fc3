// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Cluster is what Magnum's database has of a cluster. An empty string is
// null in answers.
type Cluster struct {
	UUID             string
	Name             string
	Template         string // name of the template: k8s, k8s-notls (tls_disabled) or k8s-atomic (cannot rotate)
	Status           string
	StatusReason     string
	HealthStatus     string
	APIAddress       string
	UserID           string
	ProjectID        string
	StackID          string
	COEVersion       string
	Labels           map[string]string
	NodeCount        int
	CreatedAt        time.Time
	UpdatedAt        time.Time // zero: never
	WithoutAuthority bool      // no CA, as after a creation that failed early
}

// cluster is a Cluster with its CAs. What Server.clusters points to is guarded
// by Server.mu; handlers work on copies.
type cluster struct {
	Cluster
	template    *template
	authorities *authorities
}

// ClusterUUID is the UUID of the cluster of that name. It panics unless there
// is exactly one.
func (s *Server) ClusterUUID(name string) string {
	return s.theCluster(name).UUID
}

// ClusterUUIDs are the UUIDs of all clusters of that name, oldest first.
func (s *Server) ClusterUUIDs(name string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, c := range s.clusters {
		if c.Name == name {
			ids = append(ids, c.UUID)
		}
	}
	return ids
}

// AddCluster adds a cluster and returns its UUID. What c leaves empty is as
// with prod: alice's, in demo, of template k8s, CREATE_COMPLETE.
func (s *Server) AddCluster(c Cluster) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.add(c).UUID
}

// SetCluster has f change a cluster. f must not call methods of s, and it does
// not change the cluster's CAs.
func (s *Server) SetCluster(nameOrUUID string, f func(*Cluster)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.find(nameOrUUID)
	c.Labels = maps.Clone(c.Labels)
	f(&c.Cluster)
	c.template = s.templateNamed(c.Template)
	c.UpdatedAt = s.now()
}

// RemoveCluster deletes a cluster as if another client had.
func (s *Server) RemoveCluster(nameOrUUID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(s.find(nameOrUUID))
}

func (s *Server) remove(c *cluster) {
	s.clusters = slices.DeleteFunc(s.clusters, func(have *cluster) bool { return have == c })
}

func (s *Server) theCluster(nameOrUUID string) cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.find(nameOrUUID)
}

// find serves tests: no such cluster, or two, is a mistake in the test.
func (s *Server) find(nameOrUUID string) *cluster {
	var found []*cluster
	for _, c := range s.clusters {
		if c.UUID == nameOrUUID || c.Name == nameOrUUID {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		panic(fmt.Sprintf("magnumtest: %d clusters match %q", len(found), nameOrUUID))
	}
	return found[0]
}

// cluster finds what a request means. A token sees the clusters of its project
// (unscoped: of its user); everyone sees those of all projects if all is set.
func (s *Server) cluster(t token, ident string, all bool) (*cluster, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var named []*cluster
	for _, c := range s.clusters {
		if !all && !t.sees(c) {
			continue
		}
		if c.UUID == ident {
			found := *c
			return &found, nil
		}
		if c.Name == ident {
			named = append(named, c)
		}
	}
	switch len(named) {
	case 0:
		return nil, clusterNotFound(ident)
	case 1:
		found := *named[0]
		return &found, nil
	}
	return nil, errSameName
}

func (t token) sees(c *cluster) bool {
	if t.project == nil {
		return t.user.id == c.UserID
	}
	return t.project.id == c.ProjectID
}

// visible are copies of all clusters that t sees, oldest first.
func (s *Server) visible(t token, all bool) []*cluster {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seen []*cluster
	for _, c := range s.clusters {
		if all || t.sees(c) {
			found := *c
			seen = append(seen, &found)
		}
	}
	return seen
}

// errNoMasters is how Magnum 15 fails to show a cluster to an unscoped token:
// the cluster is the user's, its node groups are the project's.
var errNoMasters = faultf(http.StatusBadRequest, "Invalid input for field/attribute master_count. "+
	"Value: '0'. Value should be greater or equal to 1")
