// SPDX-License-Identifier: Apache-2.0

package magnum

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kubectl-magnum/kubectl-magnum/plugin/openstack"
)

// NotFoundError says that Magnum knows no such cluster in the project of the
// login. An administrator can see clusters of other projects, but Magnum does
// not find those when it is asked for certificates.
type NotFoundError struct {
	Cluster string // as asked for
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no cluster %q", e.Cluster) }

// AmbiguousError says that several clusters have the name.
type AmbiguousError struct {
	Name  string
	UUIDs []string // sorted; nil if Magnum did not list them
}

func (e *AmbiguousError) Error() string {
	if len(e.UUIDs) == 0 {
		return fmt.Sprintf("several clusters are called %q", e.Name)
	}
	return fmt.Sprintf("several clusters are called %q: %s", e.Name, strings.Join(e.UUIDs, ", "))
}

// ForbiddenError says that Magnum's policy does not let this user do that. By
// default only who created the cluster, or an administrator, may read its CA
// or have certificates signed.
type ForbiddenError struct {
	Operation string // one of the Op constants
	Cluster   string // as asked for
}

// The operations of a [ForbiddenError].
const (
	OpCluster = "read the cluster"
	OpCA      = "read the cluster's CA"
	OpSign    = "have a certificate signed"
	OpRotate  = "rotate the cluster's CA"
)

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("Magnum does not let you %s (cluster %q)", e.Operation, e.Cluster)
}

// NoCertificatesError says that the cluster has no such CA: its creation failed
// before it got one, or, if another than [Kubernetes] was asked for, it is of
// Magnum 12 or older, which made no others.
type NoCertificatesError struct {
	Cluster string // as asked for
	Type    CAType
}

func (e *NoCertificatesError) Error() string {
	if e.Type != "" && e.Type != Kubernetes {
		return fmt.Sprintf("cluster %q has no CA of type %s", e.Cluster, e.Type)
	}
	return fmt.Sprintf("cluster %q has no certificates", e.Cluster)
}

// refusal turns the answer to a question about one cluster into what it means.
// Magnum says most of it in words only: a POST about an unknown cluster is
// answered with 400, a cluster without certificates with 404. A 404 in other
// words is not Magnum's but of something in its place.
func refusal(err error, operation, cluster string) error {
	answer, ok := errors.AsType[*openstack.ServiceError](err)
	if !ok {
		return err
	}
	notFound := strings.HasSuffix(answer.Detail, "could not be found.")
	switch {
	case answer.Code == http.StatusForbidden:
		return &ForbiddenError{Operation: operation, Cluster: cluster}
	case answer.Code == http.StatusConflict:
		return &AmbiguousError{Name: cluster}
	case notFound && strings.HasPrefix(answer.Detail, "A key pair"):
		return &NoCertificatesError{Cluster: cluster}
	case notFound && (answer.Code == http.StatusNotFound || answer.Code == http.StatusBadRequest),
		answer.Code == http.StatusNotFound && answer.Detail == "": // a name that cannot be one
		return &NotFoundError{Cluster: cluster}
	}
	return err
}
