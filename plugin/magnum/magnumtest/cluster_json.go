// SPDX-License-Identifier: Apache-2.0

package magnumtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// clusterIDSince is where cluster_id takes the place of stack_id.
var clusterIDSince = version{1, 13}

// summary is a cluster as lists have it.
func (c *cluster) summary(q *question) object {
	return append(c.head(q),
		member{"status", c.Status},
		member{"health_status", orNull(c.HealthStatus)},
		member{"merge_labels", false})
}

// head are the members that lists and details share.
func (c *cluster) head(q *question) object {
	stack := "stack_id"
	if !q.version.before(clusterIDSince) {
		stack = "cluster_id"
	}
	return object{
		{"uuid", c.UUID},
		{"name", c.Name},
		{"cluster_template_id", c.template.uuid},
		{"keypair", nil},
		{"node_count", c.NodeCount},
		{"master_count", 1},
		{"docker_volume_size", nil},
		{"labels", stringMap(c.Labels)},
		{"master_flavor_id", "m1.small"},
		{"flavor_id", "m1.small"},
		{"create_timeout", 60},
		{"links", links(q.base, "clusters", c.UUID)},
		{stack, c.StackID},
	}
}

// detail is a cluster as /v1/clusters/detail has it.
func (c *cluster) detail(q *question) object { return c.details(q, nil) }

// single is a cluster on its own: one that failed names the faults of its node
// groups.
func (c *cluster) single(q *question) object {
	if !strings.HasSuffix(c.Status, "_FAILED") {
		return c.details(q, nil)
	}
	var faults object
	for _, group := range []string{"default-master", "default-worker"} {
		// A node group only has a reason of its own if it failed itself, and
		// those that fail here do so as a whole.
		if c.Status == "CREATE_FAILED" {
			faults = append(faults, member{group, nil})
		}
	}
	return c.details(q, object{{"faults", faults}})
}

func (c *cluster) details(q *question, faults object) object {
	var nodes []string
	for i := range c.NodeCount {
		nodes = append(nodes, fmt.Sprintf("192.0.2.%d", i+1))
	}
	o := append(c.head(q),
		member{"status", c.Status},
		member{"status_reason", orNull(c.StatusReason)},
		member{"health_status", orNull(c.HealthStatus)},
		member{"health_status_reason", object{}},
		member{"discovery_url", nil},
		member{"api_address", orNull(c.APIAddress)},
		member{"coe_version", orNull(c.COEVersion)},
		member{"container_version", "1.6.20"},
		member{"project_id", c.ProjectID},
		member{"user_id", c.UserID},
		member{"node_addresses", nodes},
		member{"master_addresses", []string{"192.0.2.1"}})
	o = append(o, faults...)
	return append(o,
		member{"fixed_network", nil},
		member{"fixed_subnet", nil},
		member{"floating_ip_enabled", true},
		member{"merge_labels", false},
		member{"labels_overridden", object{}},
		member{"labels_added", object{}},
		member{"labels_skipped", object{}},
		member{"master_lb_enabled", false},
		member{"created_at", isoTime(c.CreatedAt)},
		member{"updated_at", isoTime(c.UpdatedAt)})
}

func stringMap(m map[string]string) object {
	o := object{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		o = append(o, member{name, m[name]})
	}
	return o
}
