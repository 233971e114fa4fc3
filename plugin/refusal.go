// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"context"
	"errors"
	"fmt"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/magnum"
)

// OtherProjectError is a cluster that an admin sees, but whose certificates
// Magnum gives only to logins of its own project, not even to admins of others.
type OtherProjectError struct{ Project, Login string } // ids

func (e *OtherProjectError) Error() string {
	return fmt.Sprintf("it belongs to project %s, and Magnum gives its certificates only to logins for that project; yours is for %s", e.Project, e.Login)
}

// NotOwnerError is a refusal by Magnum's policy, which by default lets only
// the user who created a cluster, or an admin, have its certificates.
type NotOwnerError struct {
	Owner  string // user id of the creator
	Caller string // user id of the login
	Err    error
}

func (e *NotOwnerError) Error() string {
	if e.Owner == e.Caller {
		return fmt.Sprintf("Magnum refuses to give certificates to you (user %s), though you created it: %v", e.Caller, e.Err)
	}
	return fmt.Sprintf("Magnum gives its certificates only to the user who created it (%s) or an admin; you are %s", e.Owner, e.Caller)
}

func (e *NotOwnerError) Unwrap() error { return e.Err }

// explain adds to a refusal of certificates what is known of the cluster: who
// created it, and in which project.
func explain(conn *connection, c magnum.Cluster, err error) error {
	var notFound *magnum.NotFoundError
	var forbidden *magnum.ForbiddenError
	switch {
	case errors.As(err, &notFound) && c.ProjectID != "" && c.ProjectID != conn.session.ProjectID:
		return &OtherProjectError{Project: c.ProjectID, Login: conn.session.ProjectID}
	case errors.As(err, &forbidden) && c.UserID != "":
		return &NotOwnerError{Owner: c.UserID, Caller: conn.session.UserID, Err: err}
	}
	return err
}

// explainByUUID is explain where the cluster is not known yet. It costs a
// request, on the way to an error only.
func explainByUUID(ctx context.Context, conn *connection, uuid string, err error) error {
	var forbidden *magnum.ForbiddenError
	if !errors.As(err, &forbidden) {
		return err
	}
	c, lookup := conn.magnum.Cluster(ctx, uuid)
	if lookup != nil {
		return err
	}
	return explain(conn, c, err)
}
