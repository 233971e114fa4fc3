// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// OutcomeUnknownError says that Magnum was asked to act and that nobody knows
// whether it did: there was no answer, or none of Magnum's. Whoever gets it
// reads the cluster's CA and status again and compares; asking a second time
// could be a second rotation.
type OutcomeUnknownError struct {
	Cluster string // as asked for
	Err     error  // what came in place of an answer
}

func (e *OutcomeUnknownError) Error() string {
	return fmt.Sprintf("whether Magnum rotates the CA of cluster %q is not known: %v", e.Cluster, e.Err)
}

func (e *OutcomeUnknownError) Unwrap() error { return e.Err }

// Rotate has Magnum replace all CAs of a cluster. nil means that it began: the
// CAs are new, and the nodes get theirs until the cluster is UPDATE_COMPLETE or
// UPDATE_FAILED. It asks once, whatever happens.
//
// The errors are [*NotFoundError], [*AmbiguousError], [*ForbiddenError],
// [*OutcomeUnknownError] and, for other refusals, [*openstack.ServiceError] and
// [*openstack.AuthError]. A refusal is known to have changed nothing, but for
// one: Magnum replaces its CAs before it asks the cluster's driver, so where
// the driver refuses (400) the CAs are new, the status is UPDATE_FAILED, and
// nothing brings the old ones back. The words of that 400 are the driver's own;
// only the status and the CA tell it from others.
func (c *Client) Rotate(ctx context.Context, cluster string) error {
	if !segment(cluster) {
		return &NotFoundError{Cluster: cluster}
	}
	var answer struct {
		UUID string `json:"uuid"`
	}
	at := c.path("certificates", cluster)
	accepted := &gophercloud.RequestOpts{OkCodes: []int{http.StatusAccepted}}
	_, err := c.service.Patch(ctx, at, nil, &answer, accepted) //nolint:bodyclose // as in get
	err = openstack.Explain(service, err)
	switch {
	case err == nil:
		err = checkUUID(at, answer.UUID)
	case refused(err):
		return refusal(err, OpRotate, cluster)
	}
	if err != nil {
		return &OutcomeUnknownError{Cluster: cluster, Err: err}
	}
	return nil
}

// refused says whether err is an answer that says no. A server's own failure
// (500 and up) says nothing: Magnum's API answers so when it waited in vain for
// the part that acts. Neither does 408, which is a proxy's.
func refused(err error) bool {
	if _, ok := errors.AsType[*openstack.AuthError](err); ok {
		return true
	}
	answer, ok := errors.AsType[*openstack.ServiceError](err)
	return ok && answer.Code < http.StatusInternalServerError && answer.Code != http.StatusRequestTimeout
}
