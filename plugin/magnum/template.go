// SPDX-License-Identifier: Apache-2.0

package magnum

import "context"

// Template is what the program uses of a cluster template.
type Template struct {
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	COE         string `json:"coe"` // kubernetes
	Distro      string `json:"cluster_distro"`
	Driver      string `json:"driver"`       // "" before Magnum 18, and if not set
	TLSDisabled bool   `json:"tls_disabled"` // the API server speaks plain http
}

// Template reads the template a cluster was made from.
func (c *Client) Template(ctx context.Context, uuid string) (Template, error) {
	var template Template
	if !segment(uuid) {
		return template, &NotFoundError{Cluster: uuid}
	}
	err := c.read(ctx, c.path("clustertemplates", uuid), &template)
	return template, err
}
