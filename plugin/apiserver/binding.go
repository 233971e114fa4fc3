// SPDX-License-Identifier: Apache-2.0

package apiserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
)

// Binding is a ClusterRoleBinding, as far as it matters
// (https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/cluster-role-binding-v1/).
type Binding struct {
	Name     string
	Role     string            // of the ClusterRole that it gives
	Groups   []string          // to whom
	Labels   map[string]string // none is nil
	uid      string
	isOthers bool // it gives to others than groups, or gives no ClusterRole
}

// Gives says whether b gives a ClusterRole to a group, and to nobody else.
func (b Binding) Gives(role, group string) bool {
	return !b.isOthers && b.Role == role && slices.Equal(b.Groups, []string{group})
}

const rbac = "rbac.authorization.k8s.io"

var bindingsPath = []string{"apis", rbac, "v1", "clusterrolebindings"}

type wireBinding struct {
	APIVersion string    `json:"apiVersion,omitempty"`
	Kind       string    `json:"kind,omitempty"`
	Metadata   metadata  `json:"metadata"`
	Subjects   []subject `json:"subjects"`
	RoleRef    roleRef   `json:"roleRef"`
}

type subject struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

type roleRef struct {
	APIGroup string `json:"apiGroup"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
}

// FindBinding reads a role binding; found says whether there is one. One request.
func (c *Client) FindBinding(ctx context.Context, name string) (b Binding, found bool, err error) {
	var wire wireBinding
	_, err = c.ask(ctx, request{
		what: "show a role binding", method: http.MethodGet, path: append(slices.Clone(bindingsPath), name),
	}, &wire)
	var refused *StatusError
	if errors.As(err, &refused) && refused.Code == http.StatusNotFound {
		return Binding{}, false, nil
	}
	if err != nil {
		return Binding{}, false, err
	}
	b = Binding{Name: wire.Metadata.Name, Role: wire.RoleRef.Name, Labels: wire.Metadata.Labels, uid: wire.Metadata.UID}
	b.isOthers = wire.RoleRef.Kind != "ClusterRole"
	for _, s := range wire.Subjects {
		if s.Kind == "Group" {
			b.Groups = append(b.Groups, s.Name)
		} else {
			b.isOthers = true
		}
	}
	return b, true, nil
}

// CreateBinding makes a role binding. One request.
func (c *Client) CreateBinding(ctx context.Context, b Binding) error {
	wire := wireBinding{
		APIVersion: rbac + "/v1", Kind: "ClusterRoleBinding",
		Metadata: metadata{Name: b.Name, Labels: b.Labels},
		RoleRef:  roleRef{APIGroup: rbac, Kind: "ClusterRole", Name: b.Role},
	}
	for _, group := range b.Groups {
		wire.Subjects = append(wire.Subjects, subject{APIGroup: rbac, Kind: "Group", Name: group})
	}
	var made wireBinding
	_, err := c.ask(ctx, request{what: "make a role binding", method: http.MethodPost, path: bindingsPath, body: wire}, &made)
	return err
}

// DeleteBinding deletes a role binding that FindBinding has found, unless there is
// another one of its name by now. One request; it is no error if it is gone.
func (c *Client) DeleteBinding(ctx context.Context, b Binding) error {
	var gone struct{}
	_, err := c.ask(ctx, request{
		what: "delete a role binding", method: http.MethodDelete, path: append(slices.Clone(bindingsPath), b.Name),
		body: map[string]any{
			"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": map[string]string{"uid": b.uid},
		},
	}, &gone)
	var refused *StatusError
	if errors.As(err, &refused) && refused.Code == http.StatusNotFound {
		return nil
	}
	return err
}
