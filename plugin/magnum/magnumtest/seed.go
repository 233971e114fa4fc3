// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// template is a cluster template.
type template struct {
	uuid, name  string
	distro      string
	tlsDisabled bool
	created     time.Time
	owner       string
	project     string
}

// canRotate: of the drivers, only those of Fedora CoreOS rotate a CA.
func (t *template) canRotate() bool { return t.distro == "fedora-coreos" }

const kubeTag = "v1.27.8-rancher2"

// seed makes templates and clusters, all of them alice's.
func (s *Server) seed() {
	alice, demo := s.identity.user("alice").id, s.identity.project("demo").id
	for _, t := range []template{
		{name: "k8s", distro: "fedora-coreos"},
		{name: "k8s-notls", distro: "fedora-coreos", tlsDisabled: true},
		{name: "k8s-atomic", distro: "fedora-atomic"},
	} {
		t.uuid, t.created, t.owner, t.project = newUUID(), s.now(), alice, demo
		s.templates = append(s.templates, &t)
	}
	for _, c := range []Cluster{
		{Name: "prod", APIAddress: s.opts.ProdAPI},
		{Name: "dev", APIAddress: s.opts.DevAPI},
		{Name: "building", Status: "CREATE_IN_PROGRESS"},
		{Name: "twin", APIAddress: "https://127.0.0.1:18443"},
		{Name: "twin", APIAddress: "https://127.0.0.1:18444"},
		{Name: "notls", APIAddress: "http://127.0.0.1:18080", Template: "k8s-notls"},
		{Name: "norotate", APIAddress: "https://127.0.0.1:18445", Template: "k8s-atomic"},
		{
			Name: "failed", Status: "CREATE_FAILED", StatusReason: "creating the trustee did not succeed",
			WithoutAuthority: true,
		},
	} {
		s.add(c)
	}
	for i := 1; i <= s.opts.Extra; i++ {
		host := fmt.Sprintf("10.%d.%d.10", i/250, i%250)
		s.add(Cluster{
			Name:       fmt.Sprintf("extra-%04d", i),
			APIAddress: "https://" + net.JoinHostPort(host, strconv.Itoa(6443)),
		})
	}
}

// add fills in what c leaves empty and appends it. The caller holds s.mu, or
// is New.
func (s *Server) add(c Cluster) *cluster {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&c.UUID, newUUID())
	set(&c.StackID, newUUID())
	set(&c.Template, "k8s")
	set(&c.Status, "CREATE_COMPLETE")
	set(&c.UserID, s.identity.user("alice").id)
	set(&c.ProjectID, s.identity.project("demo").id)
	set(&c.COEVersion, kubeTag)
	if c.Labels == nil {
		c.Labels = map[string]string{"kube_tag": kubeTag}
	}
	if c.NodeCount == 0 {
		c.NodeCount = 2
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = s.now()
	}
	added := &cluster{Cluster: c, template: s.templateNamed(c.Template)}
	added.authorities = s.newAuthorities(c.Name, len(s.clusters), 0)
	s.clusters = append(s.clusters, added)
	return added
}

func (s *Server) templateNamed(name string) *template {
	for _, t := range s.templates {
		if t.name == name {
			return t
		}
	}
	panic(fmt.Sprintf("magnumtest: no template %q", name))
}
